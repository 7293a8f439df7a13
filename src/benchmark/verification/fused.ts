import { paddedRows } from '../../../shaders/batch.ts';
import { fused, type FusedTile } from '../../../shaders/fused.ts';
import { vec4s } from '../../../shaders/wgsl.ts';
import type { Device } from '../../gpu/device.ts';
import { stepLayers } from '../../gpu/layers.ts';
import { packLayer, packRows, packSamples, parameterRanges, unpackRows } from '../../gpu/layout.ts';
import { activationFunction, type Activation } from '../../network/activations.ts';
import { Network, type PlainNetworkOptions } from '../../network/network.ts';
import { backpropagate } from '../../reference/backpropagation.ts';
import { unit } from './bounds.ts';
import { counterBefore, counterDuring, drawStep, sampleInRow, settingsOf } from './epoch.ts';
import { requirePaddingZero } from './forward.ts';
import { batchOutputBounds, layerBounds } from './passBounds.ts';
import { floats, poison, runKernel } from './kernelRunner.ts';
import { Samples, Worst } from './samples.ts';

export interface FusedCase {
  readonly network: Pick<PlainNetworkOptions, 'layers' | 'activation' | 'output' | 'cost'>;
  /** The first fused layer; the activations before it are given. */
  readonly from: number;
  readonly batchSize: number;
  readonly tile: FusedTile;
}

/**
 * Checks a kernel of forward and backward passes against float64: activations, pre-activations and deltas of every layer,
 * and the costs, within bounds that follow the errors of float32 from layer to layer.
 * @returns the largest error relative to its bound
 */
export async function checkFused(
  device: Device,
  options: FusedCase,
  seed: number,
): Promise<number> {
  const { from, batchSize, tile } = options;
  const rows = paddedRows(batchSize);
  const samples = new Samples(seed, 'random');
  const network = new Network({ ...options.network, seed });
  const epochStep = drawStep(batchSize, samples, 'random');
  const { size, sampleCount, order } = epochStep;
  const { layers: sizes } = network;
  const [inputs, classes] = [sizes[0]!, sizes.at(-1)!];

  // Rows past the end of a short batch repeat the last sample.
  const bytes = samples.bytes(sampleCount * inputs);
  const labels = samples.integers(sampleCount, classes);
  const sampleOf = (row: number) => sampleInRow(epochStep, batchSize, row);
  const features = Float64Array.from(
    { length: rows * inputs },
    (_, at) => bytes[sampleOf(Math.floor(at / inputs)) * inputs + (at % inputs)]! / 255,
  );
  const labelOf = Uint32Array.from({ length: rows }, (_, row) => labels[sampleOf(row)]!);
  const { parameters } = network;
  const pass = backpropagate({ network, parameters, features, labels: labelOf });
  const bounds = layerBounds(network, features, labelOf, pass);

  const all = stepLayers(network, batchSize);
  const poisoned = (length: number) => new Uint32Array(4 * length).fill(poison);
  const contents = { activations: poisoned(all.activationVec4s), deltas: poisoned(all.deltaVec4s) };
  const keepsZ = (activation: Activation) => activationFunction(activation).slopeFrom === 'z';
  const put = (at: number, values: Float64Array, outputs: number) => {
    const packed = packRows(Float32Array.from(values), rows, outputs);
    contents.activations.set(new Uint32Array(packed.buffer), 4 * at);
  };
  for (let l = 0; l < from; l++) {
    const { activation, outputs, outputAt, preactivationAt } = all.layers[l]!;
    put(outputAt, pass.layers[l]!.a, outputs);
    if (keepsZ(activation)) put(preactivationAt, pass.layers[l]!.z, outputs);
  }
  const ranges = parameterRanges(network);
  const packed = new Float32Array(4 * (ranges.at(-1)!.offset + ranges.at(-1)!.length)).fill(NaN);
  ranges.forEach(({ offset }, l) => {
    const layer = packLayer(network.weights(l), network.biases(l), sizes[l]!, sizes[l + 1]!);
    packed.set(layer, 4 * offset);
  });
  const words = new Uint32Array(sampleCount * vec4s(inputs));
  packSamples(bytes, sampleCount, inputs, new Uint8Array(words.buffer));
  const metrics = new Float32Array(2 * rows).fill(1);

  const kernel = fused({ ...all, from, batchSize, tile });
  const result = await runKernel(device, kernel, {
    ...contents,
    parameters: packed,
    samples: words,
    labels,
    order,
    metrics,
    counter: from === 0 ? counterBefore(epochStep) : counterDuring(epochStep),
    settings: settingsOf(epochStep),
  });

  const worst = new Worst();
  const read = (name: 'activations' | 'deltas', at: number, outputs: number) => {
    const part = floats(result.get(name)!).subarray(4 * at, 4 * (at + rows * vec4s(outputs)));
    requirePaddingZero(part, rows, outputs, worst);
    return unpackRows(part, rows, outputs);
  };
  all.layers.forEach(({ outputs, outputAt, preactivationAt, deltaAt, ...layer }, l) => {
    const { z, a, delta } = pass.layers[l]!;
    const bound = bounds[l]!;
    if (l >= from) {
      const isLast = layer.activation === 'linear' && l === all.layers.length - 1;
      const found = read('activations', outputAt, outputs);
      // The last layer stores its pre-activations.
      found.forEach((value, i) =>
        worst.note(value, isLast ? z[i]! : a[i]!, isLast ? bound.z[i]! : bound.a[i]!),
      );
      if (keepsZ(layer.activation) && !isLast) {
        // The padding of pre-activations may have any value.
        const part = floats(result.get('activations')!).subarray(4 * preactivationAt);
        unpackRows(part, rows, outputs).forEach((value, i) =>
          worst.note(value, z[i]!, bound.z[i]!),
        );
      }
    }
    // Of the earlier layers, only the last one's delta is computed here.
    if (l < from - 1) return;
    read('deltas', deltaAt, outputs).forEach((value, i) => {
      const isReal = Math.floor(i / outputs) < size;
      worst.note(value, isReal ? delta[i]! : 0, isReal ? bound.delta[i]! : 0);
    });
  });
  // Costs are added to the initial 1 for real samples.
  const costs = floats(result.get('metrics')!);
  batchOutputBounds(network, pass, labelOf, bounds.at(-1)!.z).forEach((bound, n) => {
    const cost = 1 + (n < size ? pass.costs[n]! : 0);
    worst.note(costs[2 * n]!, cost, n < size ? bound.cost + unit * cost : 0);
  });
  const expected = from === 0 ? epochStep.step + 1 : counterDuring(epochStep)[1]!;
  const counter = result.get('counter')?.[1];
  if (counter !== undefined) worst.note(counter, expected, 0);
  return worst.share;
}
