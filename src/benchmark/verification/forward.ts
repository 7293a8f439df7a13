import { paddedRows } from '../../../shaders/batch.ts';
import { forward as forwardKernel, type ForwardOptions } from '../../../shaders/forward.ts';
import type { Layer } from '../../../shaders/layer.ts';
import { vec4s } from '../../../shaders/wgsl.ts';
import type { Device } from '../../gpu/device.ts';
import { packLayer, packRows, packSamples, unpackRows } from '../../gpu/layout.ts';
import { activationFunction } from '../../network/activations.ts';
import { forward } from '../../reference/forward.ts';
import { Arena } from './arena.ts';
import { sumBound } from './bounds.ts';
import { counterBefore, drawStep, sampleInRow, settingsOf, type EpochStep } from './epoch.ts';
import { runKernel } from './kernelRunner.ts';
import { Samples, Worst, type DataKind } from './samples.ts';

export type ForwardCase = Pick<Layer, 'inputs' | 'outputs' | 'activation'> &
  Omit<ForwardOptions, 'layer'> & { readonly source: 'samples' | 'activations' };

/**
 * Checks the forward kernel against its float64 twin.
 * @returns the largest error relative to its bound
 */
export async function checkForward(
  device: Device,
  options: ForwardCase,
  kind: DataKind,
  seed: number,
): Promise<number> {
  const { inputs, outputs, activation, source } = options;
  const rows = paddedRows(options.batchSize);
  const samples = new Samples(seed, kind);
  // Small weights give small z, where tanh uses another formula; large weights saturate sigmoids; z³ of the largest overflows.
  const scales = Array.from({ length: outputs }, () =>
    kind === 'random' ? samples.pick([1 / 16, 1, 16, 1e20]) : 1,
  );
  const scaled = (perNeuron: number) =>
    samples
      .signed(outputs * perNeuron)
      .map((value, at) => scales[Math.floor(at / perNeuron)]! * value);
  const weights = scaled(inputs);
  // The factor 1/255 of bytes is rounded; without biases, the result has only one more rounding and stays predictable.
  const predictable = kind === 'integers' && source === 'samples';
  const biases = predictable ? new Float32Array(outputs) : scaled(1);
  const epochStep = drawStep(options.batchSize, samples, kind);
  const input =
    source === 'samples' ? byteInput(options, epochStep, samples) : floatInput(options, samples);

  const [buffer, parameters] = [new Arena(), new Arena()];
  const inputAt = input.packed && buffer.add(input.packed);
  const outputAt = buffer.add({ poisoned: rows * 4 * vec4s(outputs) });
  const keepsZ = activationFunction(activation).slopeFrom === 'z';
  const preactivationAt = keepsZ ? buffer.add({ poisoned: rows * 4 * vec4s(outputs) }) : 0;
  const parametersAt = parameters.add(packLayer(weights, biases, inputs, outputs));
  const layer = {
    inputs,
    outputs,
    activation,
    inputAt,
    outputAt,
    preactivationAt,
    parametersAt,
  };
  const result = await runKernel(device, forwardKernel({ ...options, layer }), {
    ...input.contents,
    counter: counterBefore(epochStep),
    settings: settingsOf(epochStep),
    parameters: parameters.contents,
    activations: buffer.contents,
  });
  const words = result.get('activations')!;
  const read = (at: number) => unpackRows(buffer.part(words, at), rows, outputs);
  const found = read(outputAt);
  const foundZ = keepsZ ? read(preactivationAt) : undefined;
  const truth = forward({
    batchSize: rows,
    inputs,
    outputs,
    activation,
    a: input.a,
    weights,
    biases,
  });

  const { f, bound } = activationFunction(activation);
  const worst = new Worst();
  for (let n = 0; n < rows; n++) {
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
        const expected = predictable ? f(scaledByteSum(sum)) : truth.a[at]!;
        worst.note(found[at]!, expected, 0);
        continue;
      }
      const zBound = sumBound(inputs + 1, magnitude);
      worst.note(found[at]!, truth.a[at]!, bound.f(truth.z[at]!, zBound));
      if (foundZ) worst.note(foundZ[at]!, truth.z[at]!, zBound);
    }
  }
  requirePaddingZero(buffer.part(words, outputAt), rows, outputs, worst);
  const written = keepsZ ? [outputAt, preactivationAt] : [outputAt];
  buffer.noteUntouched(words, written, worst);
  // The first layer also advances the counter.
  if (source === 'samples') worst.note(result.get('counter')![1]!, epochStep.step + 1, 0);
  return worst.share;
}

/** The kernel's value of an exact sum of bytes × integers: one rounded product with the rounded 1/255. */
function scaledByteSum(sum: number): number {
  return Math.fround(Math.round(sum * 255) * Math.fround(1 / 255));
}

/** The padding after each row must be 0, because the next layer reads it. */
export function requirePaddingZero(
  found: Float32Array,
  rows: number,
  features: number,
  worst: Worst,
): void {
  const stride = 4 * vec4s(features);
  for (let row = 0; row < rows; row++) {
    for (let i = features; i < stride; i++) worst.note(found[row * stride + i]!, 0, 0);
  }
}

interface Input {
  /** [rows, inputs], for the twin. */
  readonly a: Float32Array | Float64Array;
  /** Separate bindings of the kernel. */
  readonly contents: Record<string, Float32Array | Uint32Array>;
  /** Its part of the buffer of activations. */
  readonly packed: Float32Array | undefined;
}

type InputShape = Pick<ForwardCase, 'inputs' | 'batchSize'>;

/** Activations of the previous layer; rows after the mini-batch are 0. */
export function floatInput({ inputs, batchSize }: InputShape, samples: Samples): Input {
  const rows = paddedRows(batchSize);
  const a = new Float32Array(rows * inputs);
  a.set(samples.signed(batchSize * inputs));
  return { a, contents: {}, packed: packRows(a, rows, inputs) };
}

/** A dataset larger than the mini-batch, in a random order. */
export function byteInput(
  { inputs, batchSize }: InputShape,
  epochStep: EpochStep,
  samples: Samples,
): Input {
  const rows = paddedRows(batchSize);
  const { sampleCount, order } = epochStep;
  const features = samples.bytes(sampleCount * inputs);
  const words = new Uint32Array(sampleCount * vec4s(inputs));
  packSamples(features, sampleCount, inputs, new Uint8Array(words.buffer));
  const a = Float64Array.from({ length: rows * inputs }, (_, at) => {
    const sample = sampleInRow(epochStep, batchSize, Math.floor(at / inputs));
    return features[sample * inputs + (at % inputs)]! / 255;
  });
  return { a, contents: { samples: words, order }, packed: undefined };
}
