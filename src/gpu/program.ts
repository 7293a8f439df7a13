import type { Binding, Kernel, Texels } from '../../shaders/kernel.ts';
import type { Device } from './device.ts';
import { compileKernels, texelFormat } from './pipelines.ts';
import { asError } from './watch.ts';

interface Call {
  /** Textures to fill before the dispatch. */
  readonly copies: readonly Copy[];
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly workgroups: Kernel['workgroups'];
}

interface Copy {
  readonly from: GPUTexelCopyBufferInfo;
  readonly to: GPUTexelCopyTextureInfo;
  readonly size: GPUExtent3DDict;
}

/**
 * A step that is ready to record: compiled pipelines, bind groups, and the textures from which kernels read operands.
 * Recording it takes three calls per kernel.
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
   * @param kernels the kernels of a step, in order
   * @param buffers by binding name of the kernels; kernels compile while these buffers are being filled
   * @param shared textures that programs share, by name and size. The program adds missing ones; the owner of the map
   *   releases them. By default a program has its own
   * @throws {ShaderError} when a kernel is rejected
   * @throws {OutOfMemoryError} when the textures do not fit into memory
   * @throws what `buffers` rejects with
   */
  static async create(
    device: Device,
    kernels: readonly Kernel[],
    buffers: ReadonlyMap<string, GPUBuffer> | Promise<ReadonlyMap<string, GPUBuffer>>,
    shared?: Map<string, GPUTexture>,
  ): Promise<Program> {
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
      const copied = new Set<string>();
      const calls = kernels.map((kernel, i): Call => {
        const { pipeline, layout } = compiled[i]!;
        // One copy serves all kernels of a step, because only the last one changes what was copied.
        const copies = kernel.bindings.flatMap(({ name, texels }) => {
          if (!texels || copied.has(name)) return [];
          copied.add(name);
          return copiesOf(texels, filled.get(texels.buffer)!, textures.get(name)!);
        });
        const entries = kernel.bindings.map((one, binding) => {
          const resource = resourceOf(one);
          if (!resource)
            throw new Error(`Kernel '${kernel.label}' has no resource for binding '${one.name}'.`);
          return { binding, resource };
        });
        return {
          copies,
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

  /**
   * Records the step `times` times.
   * @param only the index of the one dispatch to record, with the copies before it. Default: all
   */
  encode(passes: Passes, times: number, only?: number): void {
    const calls = only === undefined ? this.#calls : [this.#calls[only]!];
    for (let time = 0; time < times; time++) {
      for (const { copies, pipeline, bindGroup, workgroups } of calls) {
        for (const { from, to, size } of copies) {
          passes.end().copyBufferToTexture(from, to, size);
        }
        const pass = passes.open();
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, bindGroup);
        pass.dispatchWorkgroups(...workgroups);
      }
    }
  }
}

/** The compute passes of an encoder. Dispatches share one, but WebGPU copies buffers only between passes. */
export class Passes {
  readonly #encoder: GPUCommandEncoder;
  readonly #label: string;
  #timestampWrites: GPUComputePassTimestampWrites | undefined;
  #pass: GPUComputePassEncoder | undefined;

  /** @param timestampWrites the time from the start of the first pass to the end of the last */
  constructor(
    encoder: GPUCommandEncoder,
    label: string,
    timestampWrites?: GPUComputePassTimestampWrites,
  ) {
    this.#encoder = encoder;
    this.#label = label;
    this.#timestampWrites = timestampWrites;
  }

  /** Returns the pass to record into. */
  open(): GPUComputePassEncoder {
    if (this.#pass) return this.#pass;
    const timestampWrites = this.#timestampWrites;
    this.#pass = this.#encoder.beginComputePass({
      label: this.#label,
      ...(timestampWrites && { timestampWrites }),
    });
    if (timestampWrites) {
      const { querySet, endOfPassWriteIndex } = timestampWrites;
      this.#timestampWrites = {
        querySet,
        ...(endOfPassWriteIndex !== undefined && { endOfPassWriteIndex }),
      };
    }
    return this.#pass;
  }

  /** Ends the pass, and returns the encoder for commands that no pass takes. */
  end(): GPUCommandEncoder {
    this.#pass?.end();
    this.#pass = undefined;
    return this.#encoder;
  }
}

/** WebGPU copies several rows at once only if each has a multiple of 256 bytes, which is 16 texels. */
const texelsPerCopy = 16;

function copiesOf({ at, width, height }: Texels, buffer: GPUBuffer, texture: GPUTexture): Copy[] {
  const rows = width % texelsPerCopy === 0 ? height : 1;
  return Array.from({ length: height / rows }, (_, i) => ({
    from: { buffer, offset: 16 * (at + i * width), ...(rows > 1 && { bytesPerRow: 16 * width }) },
    to: { texture, origin: { x: 0, y: i } },
    size: { width, height: rows },
  }));
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
    bindings.flatMap(({ name, texels }) => (texels ? [[name, texels] as const] : [])),
  );
  const usage = GPUTextureUsage.TEXTURE_BINDING | GPUTextureUsage.COPY_DST;
  return new Map(
    sizes.map(([label, { width, height }]) => {
      const size = { width, height };
      return [
        label,
        take(`${label} ${width} ${height}`, { label, size, format: texelFormat, usage }),
      ];
    }),
  );
}

/** @throws the rejection reason */
function valueOf<T>(outcome: PromiseSettledResult<T>): T {
  if (outcome.status === 'fulfilled') return outcome.value;
  throw asError(outcome.reason);
}
