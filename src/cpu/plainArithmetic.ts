import type { Dataset } from '../data/dataset.ts';
import { slopeSource } from '../network/functions.ts';
import { parameterLayout } from '../network/parameters.ts';
import { activate, slope } from '../reference/functions.ts';
import { clipScale, gradientNorm } from '../reference/clip.ts';
import { outputDelta, type OutputDelta } from '../reference/outputDelta.ts';
import type { EngineOptions } from '../engine/engine.ts';
import {
  chunkSize,
  sumsOf,
  type SteppingArithmetic,
  type PassResult,
  type PassSums,
} from '../engine/hostEngine.ts';
import { addGradient, backward, createLayer, forward, type DenseLayer } from './plainKernels.ts';
import { areFinite, createMoments, update } from './plainUpdate.ts';

/**
 * Float32 parameters and kernels in plain TypeScript, for runtimes without WebAssembly's SIMD. The functions of single values (activations, cost,
 * output delta) are the reference's own: they are a thousandth of the work, and one formula is enough.
 */
export class PlainArithmetic implements SteppingArithmetic {
  readonly chunkSize: number;
  readonly #options: EngineOptions;
  readonly #layers: readonly DenseLayer[];
  /** What the optimizer keeps of each layer. */
  readonly #moments: readonly {
    readonly weights: readonly Float32Array[];
    readonly biases: readonly Float32Array[];
  }[];
  /** The chunk's features, [chunk, layers[0]]. */
  readonly #features: Float32Array;
  readonly #labels: Uint8Array;
  readonly #found: Uint32Array;
  /** byte/255 for every byte. */
  readonly #values = Float32Array.from({ length: 256 }, (_, byte) => byte / 255);
  #batchSize = 1;

  constructor(options: EngineOptions) {
    const { layers: sizes, parameters, parameterCount } = options.network;
    const chunk = chunkSize(parameterCount);
    this.chunkSize = chunk;
    this.#options = options;
    this.#features = new Float32Array(chunk * sizes[0]!);
    this.#labels = new Uint8Array(chunk);
    this.#found = new Uint32Array(Math.max(...sizes));
    this.#layers = parameterLayout(sizes).map(({ inputs, outputs, weightOffset, biasOffset }) => {
      const layer = createLayer(inputs, outputs, chunk);
      transpose(parameters.subarray(weightOffset, biasOffset), outputs, inputs, layer.weights);
      layer.biases.set(parameters.subarray(biasOffset, biasOffset + outputs));
      return layer;
    });
    this.#moments = this.#layers.map(({ weights, biases }) => ({
      weights: createMoments(options.optimizer, weights.length),
      biases: createMoments(options.optimizer, biases.length),
    }));
  }

  infer(dataset: Dataset, samples: Uint32Array): PassResult {
    const { a: outputs, costs, predictions } = this.#forward(dataset, samples);
    return { outputs, costs, predictions };
  }

  beginStep(batchSize: number): void {
    this.#batchSize = batchSize;
    for (const { weightGradient, biasGradient } of this.#layers) {
      weightGradient.fill(0);
      biasGradient.fill(0);
    }
  }

  addGradient(dataset: Dataset, samples: Uint32Array): PassSums {
    const { a: outputs, delta, costs, predictions } = this.#forward(dataset, samples);
    const pass = { outputs, costs, predictions };
    this.#layers.at(-1)!.delta.set(delta);
    for (let l = this.#layers.length - 1; l >= 0; l--) {
      const layer = this.#layers[l]!;
      const before = this.#layers[l - 1];
      addGradient(layer, before?.a ?? this.#features, samples.length);
      if (before) this.#hiddenDelta(layer, before, samples.length);
    }
    return sumsOf(pass, this.#labels);
  }

  update(step: number): number | undefined {
    const { optimizer } = this.#options;
    const scale = this.#clipScale() / this.#batchSize;
    this.#layers.forEach((layer, l) => {
      const moments = this.#moments[l]!;
      update(layer.weights, layer.weightGradient, moments.weights, scale, optimizer, step);
      update(layer.biases, layer.biasGradient, moments.biases, scale, optimizer, step);
    });
    // A gradient that is not finite leaves neither a parameter nor a moment that is.
    const wrong = this.#layers.findLastIndex(({ weights, biases }, l) => {
      const moments = this.#moments[l]!;
      return ![weights, biases, ...moments.weights, ...moments.biases].every(areFinite);
    });
    return wrong < 0 ? undefined : wrong;
  }

  readParameters(): Float32Array<ArrayBuffer> {
    const { layers: sizes, parameterCount } = this.#options.network;
    const parameters = new Float32Array(parameterCount);
    parameterLayout(sizes).forEach(({ inputs, outputs, weightOffset, biasOffset }, l) => {
      const { weights, biases } = this.#layers[l]!;
      transpose(weights, inputs, outputs, parameters.subarray(weightOffset, biasOffset));
      parameters.set(biases, biasOffset);
    });
    return parameters;
  }

  /** 1 where gradients are not clipped. */
  #clipScale(): number {
    const { clipNorm } = this.#options;
    if (clipNorm === undefined) return 1;
    const norms = this.#layers.flatMap(({ weightGradient, biasGradient }) => [
      gradientNorm(weightGradient),
      gradientNorm(biasGradient),
    ]);
    return clipScale(gradientNorm(norms) / this.#batchSize, clipNorm);
  }

  #forward(dataset: Dataset, samples: Uint32Array): OutputDelta {
    this.#gather(dataset, samples);
    const { activation, output, cost } = this.#options.network;
    const last = this.#layers.at(-1)!;
    let a = this.#features;
    for (const layer of this.#layers) {
      forward(layer, a, samples.length, this.#found);
      if (layer === last) break;
      const count = samples.length * layer.outputs;
      for (let i = 0; i < count; i++) layer.a[i] = activate(activation, layer.z[i]!);
      a = layer.a;
    }
    return outputDelta({
      batchSize: samples.length,
      outputs: last.outputs,
      output,
      cost,
      z: last.z,
      labels: this.#labels,
    });
  }

  #hiddenDelta(layer: DenseLayer, before: DenseLayer, size: number): void {
    const { activation } = this.#options.network;
    const source = before[slopeSource(activation)];
    backward(layer, size, before.delta);
    const count = size * before.outputs;
    for (let i = 0; i < count; i++) before.delta[i]! *= slope(activation, source[i]!);
  }

  #gather({ features, featureCount, labels }: Dataset, samples: Uint32Array): void {
    for (let n = 0; n < samples.length; n++) {
      const sample = samples[n]!;
      const from = sample * featureCount;
      const to = n * featureCount;
      for (let i = 0; i < featureCount; i++) {
        this.#features[to + i] = this.#values[features[from + i]!]!;
      }
      this.#labels[n] = labels[sample]!;
    }
  }
}

/** `to`[c, r] = `from`[r, c] */
function transpose(from: Float32Array, rows: number, columns: number, to: Float32Array): void {
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) to[c * rows + r] = from[r * columns + c]!;
  }
}
