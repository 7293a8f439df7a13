import { paddedRows } from '../../../shaders/batch.ts';
import { deferred } from '../../../shaders/optimizer.ts';
import type { Tile } from '../../../shaders/matmul/matmul.ts';
import { update as updateKernel } from '../../../shaders/update.ts';
import { vec4s } from '../../../shaders/wgsl.ts';
import type { Device } from '../../gpu/device.ts';
import { packLayer, packMoments, packRows, unpackLayer, unpackMoments } from '../../gpu/layout.ts';
import type { Optimizer } from '../../engine/optimizers.ts';
import { definitionOf, momentCount, stepAt } from '../../engine/optimizers/registry.ts';
import { optimizerScalarsOf, updateRuleOf } from '../../gpu/optimizerScalars.ts';
import { update } from '../../reference/update.ts';
import { weightGradient } from '../../reference/weightGradient.ts';
import { Arena } from './arena.ts';
import { sumBound } from './bounds.ts';
import { counterDuring, drawStep, scalarsDuring, settingsOf, type EpochStep } from './epoch.ts';
import { byteInput, floatInput } from './forward.ts';
import { floats, poison, runKernel } from './kernelRunner.ts';
import { Samples, Worst, type DataKind } from './samples.ts';

/** Earlier training steps: none, few, or enough for Adam's bias correction to vanish. */
const stepsBefore = [0, 1, 10, 2000] as const;

export interface UpdateCaseLayer {
  readonly inputs: number;
  readonly outputs: number;
  readonly source: 'samples' | 'activations';
  readonly tile: Tile;
}

/** The updates of several layers; without an `optimizer`, the kernel stores the gradients. */
export interface UpdateCase {
  readonly layers: readonly UpdateCaseLayer[];
  readonly batchSize: number;
  readonly optimizer: Optimizer | undefined;
  /** A layer with an infinite update: the check is then that it alone is flagged. */
  readonly infiniteLayer?: number;
}

/**
 * Checks the update kernel, which combines weight gradient and optimizer, against its float64 twins.
 * @param kind `integers` requires SGD, powers of 2 as batch size and as optimizer constants, and activations as the source
 * @returns the largest error relative to its bound
 */
export async function checkUpdate(
  device: Device,
  options: UpdateCase,
  kind: DataKind,
  seed: number,
): Promise<number> {
  const { batchSize, optimizer, infiniteLayer } = options;
  const rows = paddedRows(batchSize);
  const samples = new Samples(seed, kind);
  const epochStep = drawStep(batchSize, samples, kind);
  const { size } = epochStep;
  const made = samples.pick(stepsBefore);
  const buffers = { activations: new Arena(), deltas: new Arena(), parameters: new Arena() };
  let bytes = {};
  const layers = options.layers.map(({ inputs, outputs, source, tile }, l) => {
    const shape = { inputs, batchSize };
    const input =
      source === 'samples' ? byteInput(shape, epochStep, samples) : floatInput(shape, samples);
    bytes = { ...bytes, ...input.contents };
    // `outputDelta` writes 0 past the end of a short batch.
    const delta = new Float32Array(rows * outputs);
    delta.set(samples.signed(size * outputs));
    // Its square overflows first, and with it only a moment of Adam.
    const huge = optimizer?.kind === 'adam' ? 1e30 : Infinity;
    if (l === infiniteLayer) delta[outputs - 1] = huge;
    const state = drawState(optimizer, inputs, outputs, samples);
    const parametersAt = buffers.parameters.add(
      state.contents.parameters ?? state.contents.gradients,
    );
    const inputAt = input.packed && buffers.activations.add(input.packed);
    const deltaAt = buffers.deltas.add(packRows(delta, rows, outputs));
    const place = { inputs, outputs, inputAt, deltaAt, parametersAt, tile };
    return { place, a: input.a, delta, state };
  });
  const moments = optimizer ? momentCount(optimizer) : 0;
  const momentWords = new Uint32Array(4 * moments * buffers.parameters.length).fill(poison);
  for (const { place, state } of layers) {
    const values = state.contents.moments ?? new Float32Array();
    momentWords.set(new Uint32Array(values.buffer), 4 * moments * place.parametersAt);
  }

  const kernel = updateKernel({
    ...options,
    layers: layers.map(({ place }) => place),
    optimizer: optimizer ? updateRuleOf(optimizer) : deferred,
  });
  const result = await runKernel(device, kernel, {
    samples: { poisoned: 1 },
    order: epochStep.order,
    ...bytes,
    activations: buffers.activations.contents,
    deltas: buffers.deltas.contents,
    parameters: buffers.parameters.contents,
    gradients: buffers.parameters.contents,
    moments: momentWords,
    counter: counterDuring(epochStep, layers.length),
    settings: settingsOf(epochStep, made),
    ...(optimizer && {
      optimizerScalars: scalarsDuring(epochStep, optimizerScalarsOf(optimizer)(made, 1)),
    }),
  });

  const worst = new Worst();
  if (infiniteLayer !== undefined) {
    noteFlags(result.get('counter')!, layers.length, (l) => l === infiniteLayer, made, worst);
    return worst.share;
  }
  const words = result.get(optimizer ? 'parameters' : 'gradients')!;
  for (const { place, a, delta, state } of layers) {
    const { inputs, outputs, parametersAt } = place;
    const truth = weightGradient({ batchSize: size, inputs, outputs, a, delta });
    const magnitude = weightGradient({
      batchSize: size,
      inputs,
      outputs,
      a: Float64Array.from(a, Math.abs),
      delta: delta.map(Math.abs),
    });
    const gradient = Float64Array.of(...truth.dW, ...truth.db);
    const bound = Float64Array.of(...magnitude.dW, ...magnitude.db).map((m) => sumBound(size, m));
    const found = buffers.parameters.part(words, parametersAt);
    if (optimizer) {
      const from = 4 * moments * parametersAt;
      const foundMoments = floats(
        result.get('moments')?.subarray(from, from + moments * found.length) ?? new Uint32Array(),
      );
      const byName = (name: string) => (name === 'moments' ? foundMoments : found);
      state.compare(byName, gradient, bound, made, kind, worst);
    } else {
      flat(found, inputs, outputs).forEach((value, i) =>
        worst.note(value, gradient[i]!, kind === 'integers' ? 0 : bound[i]!),
      );
      requireLayerPaddingZero(found, inputs, outputs, worst);
    }
  }
  const written = layers.map(({ place }) => place.parametersAt);
  buffers.parameters.noteUntouched(words, written, worst);
  noteCounter(result.get('counter')!, epochStep, !!optimizer, worst);
  return worst.share;
}

/** Compares the flags after the counter; a flag is the inverted number of the step of training. */
export function noteFlags(
  counter: Uint32Array,
  layers: number,
  isFlagged: (layer: number) => boolean,
  made: number,
  worst: Worst,
): void {
  for (let l = 0; l < layers; l++) worst.note(counter[2 + l]!, isFlagged(l) ? ~made >>> 0 : 0, 0);
}

/** Only the last kernel of a step advances the counter, and finite gradients raise no flag. */
function noteCounter(
  counter: Uint32Array,
  epochStep: EpochStep,
  isLast: boolean,
  worst: Worst,
): void {
  const before = counterDuring(epochStep);
  worst.note(counter[0]!, isLast ? epochStep.step + 1 : before[0]!, 0);
  for (const word of counter.subarray(2)) worst.note(word, 0, 0);
}

function flat(layer: Float32Array, inputs: number, outputs: number): Float32Array {
  const { weights, biases } = unpackLayer(layer, inputs, outputs);
  return Float32Array.of(...weights, ...biases);
}

/** Draws a layer's parameters and moments: the contents of buffers, and a comparison after the update. */
export function drawState(
  optimizer: Optimizer | undefined,
  inputs: number,
  outputs: number,
  samples: Samples,
) {
  if (!optimizer) {
    const gradients = { poisoned: packLayer([], [], inputs, outputs).length };
    return { contents: { gradients }, compare: () => undefined };
  }
  const count = inputs * outputs + outputs;
  const draw = () => samples.signed(count);
  const parameters = draw();
  // The second moment of Adam is a mean of squares.
  const moments = [draw(), draw().map(Math.abs)].slice(0, momentCount(optimizer));
  const pack = (values: Float32Array) =>
    packLayer(values, values.subarray(inputs * outputs), inputs, outputs);
  return {
    contents: { parameters: pack(parameters), moments: packMoments(moments.map(pack)) },
    /** Compares the kernel's results with the step in float64. */
    compare: (
      found: (name: string) => Float32Array,
      gradient: Float64Array,
      gradientError: Float64Array,
      step: number,
      kind: DataKind,
      worst: Worst,
    ): void => {
      const truth = Float64Array.from(parameters);
      const [first, second] = [0, 1].map((k) =>
        Float64Array.from(moments[k] ?? new Float64Array(count)),
      );
      const trueMoments = [first!, second!] as const;
      update(truth, gradient, trueMoments, optimizer, step);
      const foundParameters = flat(found('parameters'), inputs, outputs);
      const foundMoments =
        moments.length > 0
          ? unpackMoments(found('moments'), moments.length).map((one) => flat(one, inputs, outputs))
          : [];
      for (let i = 0; i < count; i++) {
        const bound = definitionOf(optimizer).bound(optimizer, stepAt(optimizer, step), {
          parameter: parameters[i]!,
          moments: moments.map((moment) => moment[i]!),
          gradient: gradient[i]!,
          gradientError: gradientError[i]!,
        });
        const isExact = kind === 'integers';
        worst.note(foundParameters[i]!, truth[i]!, isExact ? 0 : bound.parameter);
        foundMoments.forEach((moment, k) =>
          worst.note(moment[i]!, trueMoments[k]![i]!, isExact ? 0 : bound.moments[k]!),
        );
      }
      requireLayerPaddingZero(found('parameters'), inputs, outputs, worst);
    },
  };
}

/** A changed padding would leak into the next forward pass. */
function requireLayerPaddingZero(
  found: Float32Array,
  inputs: number,
  outputs: number,
  worst: Worst,
): void {
  const stride = 4 * vec4s(outputs);
  const biasRow = 4 * vec4s(inputs);
  found.forEach((value, at) => {
    const row = Math.floor(at / stride);
    const isPadding = at % stride >= outputs || (row >= inputs && row < biasRow);
    if (isPadding) worst.note(value, 0, 0);
  });
}
