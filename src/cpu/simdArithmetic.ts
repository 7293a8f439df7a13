/** Float32 arithmetic in WebAssembly, in this thread. */
import type { Dataset } from '../data/dataset.ts';
import type { Pass } from '../engine/pass.ts';
import { clipScale } from '../reference/clip.ts';
import type { EngineOptions, EngineState } from '../engine/engine.ts';
import type { SteppingArithmetic, PassResult, PassSums } from '../engine/hostEngine.ts';
import type { Kernels } from './kernelModule.ts';
import type { KernelMemory } from './memory.ts';
import { updateScalarsAt } from './updateScalars.ts';

export class SimdArithmetic implements SteppingArithmetic {
  readonly chunkSize: number;
  readonly #options: EngineOptions;
  readonly #kernels: Kernels;
  readonly #memory: KernelMemory;
  readonly #isStreamed: (training: Dataset) => boolean;
  #batchSize = 1;
  #isBegun = false;

  /** @param isStreamed whether to copy a training set chunk by chunk, as needed, instead of once */
  constructor(
    options: EngineOptions,
    kernels: Kernels,
    memory: KernelMemory,
    isStreamed: (training: Dataset) => boolean,
  ) {
    this.#options = options;
    this.#isStreamed = isStreamed;
    this.#kernels = kernels;
    this.#memory = memory;
    this.chunkSize = evenChunks(options.batchSize, memory.rows);
  }

  load(training: Dataset): void {
    if (this.#isStreamed(training)) this.#memory.reserve(training, 0);
    else this.#memory.load(training);
  }

  infer(dataset: Dataset, samples: Uint32Array): PassResult {
    this.#memory.select(0, dataset, samples);
    this.#pass(samples.length, false);
    this.#memory.takeSums(0);
    return this.#memory.result(0, samples.length);
  }

  explain(dataset: Dataset, samples: Uint32Array): Pass {
    this.#memory.select(0, dataset, samples);
    // A step begins by overwriting the gradient, so this one leaves no trace.
    this.#isBegun = false;
    this.#pass(samples.length, true);
    return this.#memory.takePass([samples.length]);
  }

  beginStep(batchSize: number): void {
    this.#batchSize = batchSize;
    this.#isBegun = false;
  }

  addGradient(dataset: Dataset, samples: Uint32Array): PassSums {
    this.#memory.select(0, dataset, samples);
    this.#pass(samples.length, true);
    this.#isBegun = true;
    return this.#memory.takeSums(0);
  }

  update(step: number): number | undefined {
    const { optimizer } = this.#options;
    const { parameters, moments, updateScalars, slices, parameterBytes } = this.#memory;
    const { gradient } = slices[0]!;
    this.#memory.writeUpdateScalars(0, updateScalarsAt(optimizer, 1 / this.#batchSize, step));
    const isFinite = this.#kernels.update(
      updateScalars,
      this.#clipScale() / this.#batchSize,
      parameters,
      gradient,
      moments[0] ?? 0,
      moments[1] ?? 0,
      parameterBytes,
    );
    return isFinite ? undefined : this.#memory.lastNonFinite();
  }

  readParameters(): Float32Array<ArrayBuffer> {
    return this.#memory.readParameters();
  }

  readMoments(): Float32Array[] {
    return this.#memory.readMoments();
  }

  writeState(state: EngineState): void {
    this.#memory.writeState(state);
  }

  /** The factor that clips the gradient; 1 without clipping. */
  #clipScale(): number {
    const { clipNorm } = this.#options;
    if (clipNorm === undefined) return 1;
    const { gradient } = this.#memory.slices[0]!;
    const { parameterBytes } = this.#memory;
    const square = this.#kernels.squareSum(gradient, gradient + parameterBytes);
    return clipScale(Math.sqrt(square) / this.#batchSize, clipNorm);
  }

  #pass(count: number, isTraining: boolean): void {
    const { context, samples } = this.#memory.slices[0]!;
    this.#kernels.pass(context, samples, count, isTraining, this.#isBegun);
  }
}

/** The size of a mini-batch's chunks, a multiple of 4. The chunks are as few and as equal as possible. */
function evenChunks(batchSize: number, max: number): number {
  if (batchSize <= max) return max;
  const parts = Math.ceil(batchSize / max);
  return Math.ceil(batchSize / parts / 4) * 4;
}
