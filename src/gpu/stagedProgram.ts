import { withCopies, type Kernel } from '../../shaders/kernel.ts';
import type { Device } from './device.ts';
import { Program } from './program.ts';
import { asError } from './watch.ts';

type Buffers = ReadonlyMap<string, GPUBuffer>;

/**
 * A step in two sets of kernels that compute the same bits. Those that are compiled in no time make the first steps,
 * and the fast ones take their place once they are compiled, between two submits.
 */
export class StagedProgram {
  readonly #device: Device;
  readonly #fastKernels: readonly Kernel[];
  readonly #compileFast: () => Promise<Program>;
  #current: Program;
  /** The fast kernels on their way; undefined before anybody has asked for them. */
  #arrival: Promise<void> | undefined;
  #isFast: boolean;
  #isStopped = false;
  #failure: Error | undefined;

  private constructor(
    device: Device,
    fastKernels: readonly Kernel[],
    buffers: Buffers | Promise<Buffers>,
    first: Program,
    isFast: boolean,
  ) {
    this.#device = device;
    this.#fastKernels = fastKernels;
    this.#compileFast = () => Program.create(device, fastKernels, buffers);
    this.#current = first;
    this.#isFast = isFast;
  }

  /**
   * @param kernels `quick` are left out where nothing is won by them
   * @param buffers by the names of the kernels' bindings
   * @throws what `Program.create` throws
   */
  static async create(
    device: Device,
    {
      quick,
      fast,
    }: { readonly quick?: readonly Kernel[] | undefined; readonly fast: readonly Kernel[] },
    buffers: Buffers | Promise<Buffers>,
  ): Promise<StagedProgram> {
    const first = await Program.create(device, quick ?? fast, buffers);
    return new StagedProgram(device, fast, buffers, first, quick === undefined);
  }

  /** When the kernels that steps are made of now were compiled, by `performance.now()`. */
  get compiledAt(): number {
    return this.#current.compiledAt;
  }

  /** Dispatches of a step in the kernels that stay. */
  get dispatchCount(): number {
    return withCopies(this.#fastKernels).length;
  }

  /**
   * Records the step `times` times.
   * @throws {ShaderError} when one of the fast kernels was refused meanwhile
   */
  encode(pass: GPUComputePassEncoder, times: number): void {
    if (this.#failure) throw this.#failure;
    this.#current.encode(pass, times);
    if (!this.#isFast && !this.#arrival) void this.#askAfterSubmit();
  }

  /**
   * Waits for the fast kernels.
   * @throws {ShaderError | DeviceLostError} when they cannot be had
   */
  async settle(): Promise<void> {
    if (!this.#isFast) await this.#ask();
    if (this.#failure) throw this.#failure;
  }

  /**
   * Compiles nothing from now on, and waits for what is being compiled: it would be in the way of whatever is next.
   * Gives back what the kernels shared; nothing can be recorded any more.
   */
  async dispose(): Promise<void> {
    this.#isStopped = true;
    await this.#arrival;
    this.#current.dispose();
  }

  /** Once the first steps are made, from which compiling would take the processor. */
  async #askAfterSubmit(): Promise<void> {
    // The submit follows upon the recording without a pause.
    await Promise.resolve();
    await this.#device.gpu.queue.onSubmittedWorkDone().catch(() => undefined);
    if (!this.#isStopped) await this.#ask();
  }

  #ask(): Promise<void> {
    this.#arrival ??= this.#compileFast().then(
      (program) => {
        this.#current.dispose();
        this.#current = program;
        this.#isFast = true;
      },
      (error: unknown) => {
        this.#failure = asError(error);
      },
    );
    return this.#arrival;
  }
}
