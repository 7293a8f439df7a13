import { forward as forwardKernel, type ForwardOptions } from '../../../shaders/forward.ts';
import { quads } from '../../../shaders/wgsl.ts';
import type { Device } from '../../gpu/device.ts';
import { packRows, packSamples, packWeights, unpackRows } from '../../gpu/layout.ts';
import { slopeSource } from '../../network/functions.ts';
import { forward } from '../../reference/forward.ts';
import { activate } from '../../reference/functions.ts';
import { activationBound, sumBound } from './bounds.ts';
import { floats, runKernel } from './kernelRunner.ts';
import { Samples, Worst, type DataKind } from './samples.ts';

/**
 * The forward kernel against its float64 twin.
 * @returns the worst error as a share of its bound
 */
export async function checkForward(
  device: Device,
  options: ForwardOptions,
  kind: DataKind,
  seed: number,
): Promise<number> {
  const { inputs, outputs, activation, source, batchSize, rows } = options;
  const samples = new Samples(seed, kind);
  const weights = samples.signed(inputs * outputs);
  // The bytes' factor 1/255 is rounded, so that with it only one more rounding keeps integers predictable.
  const predictable = kind === 'integers' && source === 'samples';
  const biases = predictable ? new Float32Array(outputs) : samples.signed(outputs);
  const input = source === 'samples' ? byteInput(options, samples) : floatInput(options, samples);

  const kernel = forwardKernel(options);
  const result = await runKernel(device, kernel, {
    ...input.contents,
    weights: packWeights(weights, inputs, outputs),
    biases: packRows(biases, 1, outputs),
    activations: { poisoned: rows * 4 * quads(outputs) },
    preactivations: { poisoned: rows * 4 * quads(outputs) },
  });
  const read = (name: string) => unpackRows(floats(result.get(name)!), batchSize, outputs);
  const found = read('activations');
  const foundZ = slopeSource(activation) === 'z' ? read('preactivations') : undefined;
  const truth = forward({ batchSize, inputs, outputs, activation, a: input.a, weights, biases });

  const worst = new Worst();
  for (let n = 0; n < batchSize; n++) {
    for (let j = 0; j < outputs; j++) {
      let magnitude = Math.abs(biases[j]!);
      let sum = 0;
      for (let i = 0; i < inputs; i++) {
        const product = weights[j * inputs + i]! * input.a[n * inputs + i]!;
        magnitude += Math.abs(product);
        sum += product;
      }
      const at = n * outputs + j;
      if (kind === 'integers') {
        const expected = predictable ? activate(activation, scaledByteSum(sum)) : truth.a[at]!;
        worst.note(found[at]!, expected, 0);
        continue;
      }
      const zBound = sumBound(inputs + 1, magnitude);
      worst.note(found[at]!, truth.a[at]!, activationBound(activation, truth.z[at]!, zBound));
      if (foundZ) worst.note(foundZ[at]!, truth.z[at]!, zBound);
    }
  }
  requirePaddingZero(floats(result.get('activations')!), rows, outputs, worst);
  return worst.share;
}

/** What the kernel makes of an exact sum of bytes × integers: one product with the rounded 1/255, rounded once. */
function scaledByteSum(sum: number): number {
  return Math.fround(Math.round(sum * 255) * Math.fround(1 / 255));
}

/** Features behind the last one are 0 in every row, or the next layer would read what is not there. */
export function requirePaddingZero(
  found: Float32Array,
  rows: number,
  features: number,
  worst: Worst,
): void {
  const stride = 4 * quads(features);
  for (let row = 0; row < rows; row++) {
    for (let i = features; i < stride; i++) worst.note(found[row * stride + i]!, 0, 0);
  }
}

interface Input {
  /** Values [batchSize, inputs], as the twin takes them. */
  readonly a: ArrayLike<number>;
  readonly contents: Record<string, Float32Array | Uint32Array>;
}

export function floatInput(
  { inputs, batchSize, rows }: Pick<ForwardOptions, 'inputs' | 'batchSize' | 'rows'>,
  samples: Samples,
): Input {
  const a = samples.signed(batchSize * inputs);
  const packed = new Float32Array(rows * 4 * quads(inputs));
  packed.set(packRows(a, batchSize, inputs));
  return { a, contents: { inputs: packed } };
}

/**
 * A dataset larger than the mini-batch, in an order of its own, read from the middle: step 1 of an epoch whose
 * last step, that one, is as long as the batch.
 */
export function byteInput(
  { inputs, batchSize }: Pick<ForwardOptions, 'inputs' | 'batchSize'>,
  samples: Samples,
): Input & { readonly order: Uint32Array; readonly sampleCount: number } {
  const sampleCount = 2 * batchSize;
  const features = samples.bytes(sampleCount * inputs);
  const order = samples.integers(sampleCount, sampleCount);
  const words = new Uint32Array(sampleCount * quads(inputs));
  packSamples(features, sampleCount, inputs, new Uint8Array(words.buffer));
  const a = Float64Array.from({ length: batchSize * inputs }, (_, at) => {
    const n = Math.floor(at / inputs);
    return features[order[batchSize + n]! * inputs + (at % inputs)]! / 255;
  });
  const settings = new Uint32Array(4);
  settings[0] = sampleCount;
  return {
    a,
    order,
    sampleCount,
    contents: { samples: words, order, counter: Uint32Array.of(1, 2), settings },
  };
}
