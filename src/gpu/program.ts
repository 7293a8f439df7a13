import type { Kernel } from '../../shaders/kernel.ts';
import type { Device } from './device.ts';
import { compileKernels } from './pipelines.ts';
import { asError } from './watch.ts';

interface Call {
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly workgroups: Kernel['workgroups'];
}

/** A step made ready: its pipelines compiled, its bind groups made. Recording it costs three calls a kernel. */
export class Program {
  /** When the last of its kernels was compiled, by `performance.now()`. */
  readonly compiledAt: number;
  readonly #calls: readonly Call[];

  private constructor(calls: readonly Call[], compiledAt: number) {
    this.#calls = calls;
    this.compiledAt = compiledAt;
  }

  /**
   * @param buffers by the names of the kernels' bindings; kernels are compiled while they are being filled
   * @throws {ShaderError} when a kernel is refused
   * @throws what `buffers` rejects with
   */
  static async create(
    device: Device,
    kernels: readonly Kernel[],
    buffers: ReadonlyMap<string, GPUBuffer> | Promise<ReadonlyMap<string, GPUBuffer>>,
  ): Promise<Program> {
    // All are waited for even if one fails: what is compiled for nobody is still in the way of whoever comes next.
    let compiledAt = 0;
    const [compilation, filling, learning] = await Promise.allSettled([
      compileKernels(device, kernels).then((pipelines) => {
        compiledAt = performance.now();
        return pipelines;
      }),
      buffers,
      // Nothing is submitted yet.
      device.learnToWait(),
    ]);
    const compiled = valueOf(compilation);
    const filled = valueOf(filling);
    valueOf(learning);
    const calls = await device.create('bind groups', () =>
      kernels.map((kernel, i): Call => {
        const { pipeline, layout } = compiled[i]!;
        const entries = kernel.bindings.map(({ name }, binding) => {
          const buffer = filled.get(name);
          if (!buffer) throw new Error(`Kernel '${kernel.label}' has no buffer for '${name}'.`);
          return { binding, resource: { buffer } };
        });
        return {
          pipeline,
          bindGroup: device.gpu.createBindGroup({ label: kernel.label, layout, entries }),
          workgroups: kernel.workgroups,
        };
      }),
    );
    return new Program(calls, compiledAt);
  }

  /** Dispatches that recording it once takes. */
  get dispatchCount(): number {
    return this.#calls.length;
  }

  /** Records the step `times` times. */
  encode(pass: GPUComputePassEncoder, times: number): void {
    for (let time = 0; time < times; time++) {
      for (const {
        pipeline,
        bindGroup,
        workgroups: [x, y, z],
      } of this.#calls) {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, bindGroup);
        pass.dispatchWorkgroups(x, y, z);
      }
    }
  }
}

/** @throws why there is none */
function valueOf<T>(outcome: PromiseSettledResult<T>): T {
  if (outcome.status === 'fulfilled') return outcome.value;
  throw asError(outcome.reason);
}
