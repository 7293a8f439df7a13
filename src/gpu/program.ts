import type { Kernel } from '../../shaders/kernel.ts';
import type { Device } from './device.ts';
import { compileKernels } from './pipelines.ts';
import type { Dispatch } from './step.ts';

interface Call {
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly workgroups: Kernel['workgroups'];
}

/** A step made ready: its pipelines compiled, its bind groups made. Recording it costs three calls a kernel. */
export class Program {
  readonly #calls: readonly Call[];

  private constructor(calls: readonly Call[]) {
    this.#calls = calls;
  }

  /**
   * @param buffers buffers, and ranges of them, by the names that the dispatches use
   * @throws {ShaderError} when a kernel is refused
   */
  static async create(
    device: Device,
    dispatches: readonly Dispatch[],
    buffers: ReadonlyMap<string, GPUBuffer | GPUBufferBinding>,
  ): Promise<Program> {
    const compiled = await compileKernels(
      device,
      dispatches.map(({ kernel }) => kernel),
    );
    const calls = await device.create('bind groups', () =>
      dispatches.map(({ kernel, buffers: names }, i): Call => {
        const { pipeline, layout } = compiled[i]!;
        const entries = kernel.bindings.map(({ name }, binding) => {
          const buffer = buffers.get(names[name] ?? '');
          if (!buffer) throw new Error(`Kernel '${kernel.label}' has no buffer for '${name}'.`);
          return { binding, resource: 'buffer' in buffer ? buffer : { buffer } };
        });
        return {
          pipeline,
          bindGroup: device.gpu.createBindGroup({ label: kernel.label, layout, entries }),
          workgroups: kernel.workgroups,
        };
      }),
    );
    return new Program(calls);
  }

  /** Dispatches that recording it once takes. */
  get dispatchCount(): number {
    return this.#calls.length;
  }

  /** Records the step `times` times. */
  encode(pass: GPUComputePassEncoder, times: number): void {
    for (let time = 0; time < times; time++) {
      for (const { pipeline, bindGroup, workgroups } of this.#calls) {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, bindGroup);
        pass.dispatchWorkgroups(...workgroups);
      }
    }
  }
}
