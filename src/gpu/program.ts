import type { Binding, Kernel } from '../../shaders/kernel.ts';
import type { Device } from './device.ts';
import { compileKernels, texelFormat } from './pipelines.ts';
import { withCopies } from './step.ts';
import { asError } from './watch.ts';

interface Call {
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly workgroups: Kernel['workgroups'];
}

/**
 * A step that is ready to record: compiled pipelines, bind groups, and the textures through which kernels pass
 * operands. Recording it takes three calls per kernel.
 */
export class Program {
  /** Time when the last kernel was compiled, from `performance.now()`. */
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
   * @param steps kernels; their copies are inserted before the first kernel that needs them
   * @param buffers by binding name of the kernels; kernels compile while these buffers are being filled
   * @param shared textures that programs share, by name and size. The program adds missing ones; the owner of the map
   *   releases them. By default a program has its own
   * @throws {ShaderError} when a kernel is rejected
   * @throws {OutOfMemoryError} when the textures do not fit into memory
   * @throws what `buffers` rejects with
   */
  static async create(
    device: Device,
    steps: readonly Kernel[],
    buffers: ReadonlyMap<string, GPUBuffer> | Promise<ReadonlyMap<string, GPUBuffer>>,
    shared?: Map<string, GPUTexture>,
  ): Promise<Program> {
    const kernels = withCopies(steps);
    // Wait for all of them even if one fails: kernels that are still compiling would delay the next program.
    let compiledAt = 0;
    const [compilation, filling, learning] = await Promise.allSettled([
      compileKernels(device, kernels).then((pipelines) => {
        compiledAt = performance.now();
        return pipelines;
      }),
      buffers,
      // This must run before the first submit.
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
          if (!resource)
            throw new Error(`Kernel '${kernel.label}' has no resource for binding '${one.name}'.`);
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
    // Add the textures only now: if creating the program fails, its textures are destroyed.
    for (const [key, texture] of made) shared?.set(key, texture);
    return program;
  }

  /** Dispatches per recording of the step. */
  get dispatchCount(): number {
    return this.#calls.length;
  }

  /** Releases its own textures. Submit all recorded commands first. */
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

/**
 * The textures that kernels bind, by name.
 * @param take returns the texture for a key, which consists of name and size
 */
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

/** @throws the rejection reason */
function valueOf<T>(outcome: PromiseSettledResult<T>): T {
  if (outcome.status === 'fulfilled') return outcome.value;
  throw asError(outcome.reason);
}
