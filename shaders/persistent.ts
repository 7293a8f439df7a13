/**
 * Runs many training steps in one dispatch, one workgroup per network: forward, output delta, hidden deltas and updates
 * with barriers between them. WGSL allows such barriers only within a workgroup. The cost of a small network is then
 * only its arithmetic, without dispatches and submits, and as many networks run side by side as the adapter has cores.
 *
 * The products, and so the twins, are those of `forward`, `hiddenDelta` and `update`, with one register tile per
 * invocation.
 */
import { activationCode } from './activation.ts';
import { paddedRows, sampleFunctions, samplesBinding } from './batch.ts';
import { activatedBy, forwardProduct } from './forward.ts';
import { hiddenDeltaProduct } from './hiddenDelta.ts';
import { buffer, kernel, type Kernel } from './kernel.ts';
import type { Buffers, StepLayers } from './layer.ts';
import { blockFunctions, declareProduct, type Product, type TileShape } from './matmul/product.ts';
import { simpleTile } from './matmul/simple.ts';
import { applyGradient, optimizerBindings, updateVariables, type UpdateRule } from './optimizer.ts';
import { metricStruct, outputDeltaOf } from './outputDelta.ts';
import { weightGradientProduct } from './weightGradient.ts';
import { wgsl } from './wgsl.ts';

/** Tiles by layer. The first entry of `hiddenDelta` is unused, because the first layer's inputs need no delta. */
export interface PersistentTiles {
  readonly forward: readonly TileShape[];
  readonly hiddenDelta: readonly TileShape[];
  readonly update: readonly TileShape[];
}

/** How a network is divided for one workgroup. */
export interface PersistentShape {
  /** Layer sizes, input first. */
  readonly layers: readonly number[];
  readonly batchSize: number;
  readonly tiles: PersistentTiles;
  readonly workgroupSize: number;
}

export interface PersistentOptions extends PersistentShape {
  /** Layers of one network. Its part of `scratch` holds the activations, then the deltas. */
  readonly step: StepLayers;
  /** Undefined evaluates the samples in file order, without training. */
  readonly optimizer: UpdateRule | undefined;
  /** Number of networks. Each has its own workgroup, parameters, sample order and optimizer scalars. */
  readonly networks: number;
  /** Distance to the parameters of the next network, in vec4f. */
  readonly parameterStride: number;
  /** Maximum steps per dispatch, even if `settings.steps` is larger. */
  readonly maxSteps: number;
}

/** Size of a network's part of `scratch`, in vec4f. */
export const scratchVec4s = ({ activationVec4s, deltaVec4s }: StepLayers) =>
  activationVec4s + deltaVec4s;

/** Flag bit in a count of samples; the count itself is always smaller. */
export const divergedBit = 0x80000000;

/**
 * Trains or evaluates `networks` networks. `parameters` and `moments` of each network are laid out as in the engine,
 * one network after another. The same holds for `optimizerScalars`, [steps of an epoch], `order`, [samples], and
 * `scratch`. `progress` begins with the current step in the epoch of each network. If an update of a network is not
 * finite, {@link divergedBit} is set in the count of correct predictions of its first row.
 */
export function persistent(options: PersistentOptions): Kernel {
  const { batchSize, optimizer, networks, step, tiles } = options;
  const { workgroupSize, maxSteps, parameterStride } = options;
  const trains = optimizer !== undefined;
  const rows = paddedRows(batchSize);
  const buffers: Buffers = {
    ...{ activations: 'scratch', deltas: 'scratch', parametersFrom: 'firstParameter + ' },
    ...{
      activationsFrom: 'firstScratch + ',
      deltasFrom: `firstScratch + ${step.activationVec4s}u + `,
    },
  };
  const phase = (product: Product, tile: TileShape) => {
    const across = Math.ceil(product.columns4 / tile.columns4);
    const jobs = across * Math.ceil(product.rows4 / tile.rows4);
    const at = `job / ${across}u * ${tile.rows4}u, job % ${across}u * ${tile.columns4}u`;
    return {
      code: declareProduct(product) + simpleTile(product, tile),
      run: deal(jobs, workgroupSize, `tile${product.name}(${at});`),
    };
  };
  const forward = step.layers.map((layer, l) =>
    phase(forwardProduct(layer, batchSize, `Forward${l}`, buffers), tiles.forward[l]!),
  );
  const hidden = step.layers.slice(0, -1);
  const back = hidden.map((before, l) => {
    const pair = { before, layer: step.layers[l + 1]! };
    const product = hiddenDeltaProduct(pair, batchSize, `Back${l + 1}`, buffers);
    return phase(product, tiles.hiddenDelta[l + 1]!);
  });
  const update = step.layers.map((layer, l) =>
    phase(weightGradientProduct(layer, batchSize, `Update${l}`, buffers), tiles.update[l]!),
  );
  const functions = wgsl /* wgsl */ `${metricStruct}
struct Progress {
  step: array<u32, ${networks}>,
  metrics: array<Metric>,
}
struct Settings {
  sampleCount: u32,
  // Of an epoch.
  stepCount: u32,
  // That this dispatch makes.
  steps: u32,
}
var<private> network: u32;
var<private> firstParameter: u32;
var<private> firstScratch: u32;
var<private> step: u32;

fn addMetric(row: u32, cost: f32, isCorrect: bool) {
  progress.metrics[network * ${rows}u + row].cost += cost;
  progress.metrics[network * ${rows}u + row].correct += u32(isCorrect);
}
fn sampleOf(row: u32) -> u32 {
  let position = min(step * ${batchSize}u + row, settings.sampleCount - 1u);
#if ${trains}
  return order[network * settings.sampleCount + position];
#else
  return position;
#endif
}
${sampleFunctions(batchSize)}${blockFunctions}
${activationCode({
  activated: step.layers.flatMap(activatedBy),
  sloped: hidden.map(({ activation }) => activation),
  output: step.output,
})}
${outputDeltaOf({ ...step, layer: step.layers.at(-1)! }, buffers)}
#if ${trains}
var<workgroup> hasDiverged: atomic<u32>;
${updateVariables}${optimizer ? applyGradient(optimizer) : ''}
#endif
${[...forward, ...(trains ? [...back, ...update] : [])].map(({ code }) => code).join('\n')}`;
  const runs = [
    ...forward.map(({ run }) => run),
    deal(rows, workgroupSize, 'outputDeltaOf(job);'),
    // The hidden deltas run from the last hidden layer backwards.
    ...(trains
      ? [...back.toReversed().map(({ run }) => run), update.map(({ run }) => run).join('\n')]
      : []),
  ];
  const body = wgsl /* wgsl */ `
  network = workgroup;
  firstParameter = network * ${parameterStride}u;
  firstScratch = network * ${scratchVec4s(step)}u;
  step = progress.step[network];
  for (var made = 0u; made < ${maxSteps}u; made++) {
    // A uniform, so that all of the workgroup is known to come to its barriers.
    if (made >= settings.steps) { break; }
#if ${trains}
    rate = scalarsOf(network * settings.stepCount + step);
#endif
${runs.join(barrier)}${barrier}
    // Counted one by one, so that a step left out shows.
    step += 1u;
  }
#if ${trains}
  if (!finite) { atomicStore(&hasDiverged, ${divergedBit}u); }
  workgroupBarrier();
#endif
  if (lane == 0u) {
    progress.step[network] = step;
#if ${trains}
    progress.metrics[network * ${rows}u].correct |= atomicLoad(&hasDiverged);
#endif
  }`;
  return kernel({
    label: `${trains ? 'train' : 'evaluate'} ${options.layers.join('-')}`,
    bindings: [
      ...(optimizer
        ? [...optimizerBindings(optimizer), buffer('order', 'read', 'array<u32>')]
        : [buffer('parameters', 'read')]),
      buffer('scratch', 'read_write'),
      samplesBinding,
      buffer('labels', 'read', 'array<u32>'),
      buffer('progress', 'read_write', 'Progress'),
      { name: 'settings', access: 'uniform', type: 'Settings' },
    ],
    invocations: networks * workgroupSize,
    ...{ workgroupSize, functions, body },
  });
}

const barrier = '\n    storageBarrier();\n';

/** Distributes `jobs` jobs over the invocations of a workgroup, in turns; `text` may use `job`. */
function deal(jobs: number, workgroupSize: number, text: string): string {
  const turns = Math.ceil(jobs / workgroupSize);
  const guard = turns * workgroupSize > jobs ? `if (job < ${jobs}u) ` : '';
  return `    for (var turn = 0u; turn < ${turns}u; turn++) {
      let job = turn * ${workgroupSize}u + lane;
      ${guard}{ ${text} }
    }`;
}
