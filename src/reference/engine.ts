import type { Dataset } from '../data/dataset.ts';
import type { EngineOptions, EngineState } from '../engine/engine.ts';
import {
  chunkSize,
  HostEngine,
  type SteppingArithmetic,
  type PassResult,
  type PassSums,
} from '../engine/hostEngine.ts';
import type { Pass } from '../engine/pass.ts';
import { momentCount } from '../engine/optimizers/registry.ts';
import { parameterLayout } from '../network/parameters.ts';
import { backpropagate, forwardPass, type PassArguments } from './backpropagation.ts';
import { clipScale, gradientNorm } from './clip.ts';
import { featureValues, labelsOf } from './features.ts';
import { update, type Moments } from './update.ts';

/** Whether a parameter is finite in float32. A non-finite gradient makes non-finite parameters. */
const fitsFloat32 = (value: number): boolean => Number.isFinite(Math.fround(value));

/** Float64 arithmetic with the reference functions. It holds parameters, gradient and moments. */
export class ReferenceArithmetic implements SteppingArithmetic {
  readonly parameters: Float64Array<ArrayBuffer>;
  readonly chunkSize: number;
  readonly #options: EngineOptions;
  readonly #gradient: Float64Array;
  readonly #moments: Moments;
  #batchSize = 0;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.chunkSize = chunkSize(options.network.parameterCount);
    this.parameters = Float64Array.from(options.network.parameters);
    this.#gradient = new Float64Array(this.parameters.length);
    const { length } = this.parameters;
    this.#moments = [new Float64Array(length), new Float64Array(length)];
  }

  infer(dataset: Dataset, samples: Uint32Array): PassResult {
    const { output } = forwardPass(this.#pass(dataset, samples));
    return { outputs: output.a, costs: output.costs, predictions: output.predictions };
  }

  beginStep(batchSize: number): void {
    this.#batchSize = batchSize;
    this.#gradient.fill(0);
  }

  addGradient(dataset: Dataset, samples: Uint32Array): PassSums {
    const pass = this.#pass(dataset, samples);
    const { gradient, costs, predictions } = backpropagate(pass);
    // The mean over the mini-batch is the weighted sum of the means over its chunks.
    const share = samples.length / this.#batchSize;
    for (let i = 0; i < gradient.length; i++) this.#gradient[i]! += share * gradient[i]!;
    return {
      costSum: costs.reduce((sum, cost) => sum + cost, 0),
      correct: predictions.filter((prediction, n) => prediction === pass.labels[n]).length,
    };
  }

  update(step: number): number | undefined {
    const { network, optimizer, clipNorm } = this.#options;
    const gradient = this.#gradient;
    if (clipNorm !== undefined) {
      const scale = clipScale(gradientNorm(gradient), clipNorm);
      for (let i = 0; i < gradient.length; i++) gradient[i]! *= scale;
    }
    update(this.parameters, gradient, this.#moments, optimizer, step);
    const wrong = parameterLayout(network.layers).findLastIndex(
      ({ weightOffset, biasOffset, outputs }) =>
        !this.parameters.subarray(weightOffset, biasOffset + outputs).every(fitsFloat32),
    );
    return wrong < 0 ? undefined : wrong;
  }

  explain(dataset: Dataset, samples: Uint32Array): Pass {
    return backpropagate(this.#pass(dataset, samples));
  }

  readParameters(): Float64Array<ArrayBuffer> {
    return this.parameters.slice();
  }

  readMoments(): Float64Array[] {
    const count = momentCount(this.#options.optimizer);
    return this.#moments.slice(0, count).map((moment) => moment.slice());
  }

  writeState({ parameters, moments }: EngineState): void {
    this.parameters.set(parameters);
    moments.forEach((moment, k) => this.#moments[k]!.set(moment));
  }

  #pass(dataset: Dataset, samples: Uint32Array): PassArguments {
    return {
      network: this.#options.network,
      parameters: this.parameters,
      features: featureValues(dataset, samples),
      labels: labelsOf(dataset, samples),
    };
  }
}

/** The float64 reference as an engine. It is slow, because its loops are simple. */
export class ReferenceEngine extends HostEngine<ReferenceArithmetic> {
  /** @throws {ConfigurationError} unless the batch size is a positive integer */
  constructor(options: EngineOptions) {
    super('reference', options, new ReferenceArithmetic(options));
  }

  /**
   * The float64 parameters, in the layout of `parameterLayout`; a copy.
   * @throws {DisposedError} after `dispose()`
   */
  get parameters(): Float64Array {
    return this.arithmetic.readParameters();
  }
}

/** @throws {ConfigurationError} unless the batch size is a positive integer */
export function createReferenceEngine(options: EngineOptions): ReferenceEngine {
  return new ReferenceEngine(options);
}
