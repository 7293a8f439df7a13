import { withCopies, type Binding, type Kernel } from '../../shaders/kernel.ts';
import type { Device } from './device.ts';
import { compileKernels, texelFormat } from './pipelines.ts';
import { asError } from './watch.ts';

interface Call {
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly workgroups: Kernel['workgroups'];
}

/**
 * A step made ready: its pipelines compiled, its bind groups made, and the textures that its kernels hand operands on in.
 * Recording it costs three calls a kernel.
 */
export class Program {
  /** When the last of its kernels was compiled, by `performance.now()`. */
  readonly compiledAt: number;
  readonly #device: Device;
  readonly #calls: readonly Call[];
  readonly #textures: readonly GPUTexture[];

  private constructor(
    device: Device,
    calls: readonly Call[],
    textures: readonly GPUTexture[],
    compiledAt: number,
  ) {
    this.#device = device;
    this.#calls = calls;
    this.#textures = textures;
    this.compiledAt = compiledAt;
  }

  /**
   * @param steps kernels, whose copies are made before the first that needs them
   * @param buffers by the names of the kernels' bindings; kernels are compiled while they are being filled
   * @param shared textures that programs have in common, by name and size. The program adds those that are missing; the
   *   owner of the map releases them. By default a program has its own
   * @throws {ShaderError} when a kernel is refused
   * @throws {OutOfMemoryError} when there is no room for the textures
   * @throws what `buffers` rejects with
   */
  static async create(
    device: Device,
    steps: readonly Kernel[],
    buffers: ReadonlyMap<string, GPUBuffer> | Promise<ReadonlyMap<string, GPUBuffer>>,
    shared?: Map<string, GPUTexture>,
  ): Promise<Program> {
    const kernels = withCopies(steps);
    // All are waited for even if one fails: kernels that go on compiling would delay the next program.
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
    const made = new Map<string, GPUTexture>();
    const program = await device.create('bind groups', (_, allocateTexture) => {
      const textures = texturesOf(kernels, (key, descriptor) => {
        const found = shared?.get(key) ?? made.get(key) ?? allocateTexture(descriptor);
        if (!shared?.has(key)) made.set(key, found);
        return found;
      });
      const sampler =
        textures.size > 0 ? device.gpu.createSampler({ label: 'nearest' }) : undefined;
      const resourceOf = ({ name, access }: Binding): GPUBindingResource | undefined => {
        if (access === 'sampler') return sampler;
        const buffer = filled.get(name);
        return textures.get(name)?.createView() ?? (buffer && { buffer });
      };
      const calls = kernels.map((kernel, i): Call => {
        const { pipeline, layout } = compiled[i]!;
        const entries = kernel.bindings.map((one, binding) => {
          const resource = resourceOf(one);
          if (!resource) throw new Error(`Kernel '${kernel.label}' has nothing for '${one.name}'.`);
          return { binding, resource };
        });
        return {
          pipeline,
          bindGroup: device.gpu.createBindGroup({ label: kernel.label, layout, entries }),
          workgroups: kernel.workgroups,
        };
      });
      return new Program(device, calls, shared ? [] : [...made.values()], compiledAt);
    });
    // Only now: those of a program that failed are destroyed.
    for (const [key, texture] of made) shared?.set(key, texture);
    return program;
  }

  /** Dispatches that recording it once takes. */
  get dispatchCount(): number {
    return this.#calls.length;
  }

  /** Gives back its own textures. What is recorded must have been submitted. */
  dispose(): void {
    this.#device.release(this.#textures);
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

/** The textures that kernels bind, by name. @param take gives the one of a key, which is its name and size */
function texturesOf(
  kernels: readonly Kernel[],
  take: (key: string, descriptor: GPUTextureDescriptor) => GPUTexture,
): ReadonlyMap<string, GPUTexture> {
  const sizes = kernels.flatMap(({ bindings }) =>
    bindings.flatMap(({ name, size }) => (size ? [[name, size] as const] : [])),
  );
  const usage = GPUTextureUsage.TEXTURE_BINDING | GPUTextureUsage.STORAGE_BINDING;
  return new Map(
    sizes.map(([label, size]) => [
      label,
      take(`${label} ${size.join()}`, { label, size, format: texelFormat, usage }),
    ]),
  );
}

/** @throws why there is none */
function valueOf<T>(outcome: PromiseSettledResult<T>): T {
  if (outcome.status === 'fulfilled') return outcome.value;
  throw asError(outcome.reason);
}
