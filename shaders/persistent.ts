/**
 * Runs many training steps in one dispatch, one workgroup per network: forward, output delta, hidden deltas and updates
 * with barriers between them. WGSL allows such barriers only within a workgroup. The cost of a small network is then
 * only its arithmetic, without dispatches and submits, and as many networks run side by side as the adapter has cores.
 *
 * The products, and so the twins, are those of `forward`, `hiddenDelta` and `update`, with one register tile per
 * invocation.
 */
import { activationCode } from './activation.ts';
import { batchRows, bytesOf, samplesOf } from './batch.ts';
import type { Buffers } from './buffers.ts';
import { costIterations } from './cost.ts';
import { activatedBy, forwardProduct } from './forward.ts';
import { hiddenDeltaProduct } from './hiddenDelta.ts';
import { declare, type Binding, type Kernel } from './kernel.ts';
import { blockFunctions, declareProduct, type Product, type TileShape } from './matmul/product.ts';
import { simpleTile } from './matmul/simple.ts';
import { applyGradient, optimizerBindings, updateVariables, type UpdateRule } from './optimizer.ts';
import { metricStruct, outputDeltaOf } from './outputDelta.ts';
import type { StepLayers } from './stepLayers.ts';
import { weightGradientProduct } from './weightGradient.ts';
import { vec4s, wgsl } from './wgsl.ts';

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
  /** `evaluate` processes the samples in file order without training. */
  readonly work:
    { readonly kind: 'train'; readonly optimizer: UpdateRule } | { readonly kind: 'evaluate' };
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

/** Number of tiles in a product of `rows4` × `columns4` blocks. */
const tilesOf = (rows4: number, columns4: number, tile: TileShape) =>
  Math.ceil(rows4 / tile.rows4) * Math.ceil(columns4 / tile.columns4);

/**
 * Loop iterations of one invocation per step. llvmpipe silently ends all loops of an invocation after 65,535 iterations
 * in a dispatch, so every dispatch must stay below that.
 */
export function iterationsPerStep({
  layers,
  batchSize,
  tiles,
  workgroupSize,
}: PersistentShape): number {
  const batch4 = vec4s(batchSize);
  const turns = (jobs: number) => Math.ceil(jobs / workgroupSize);
  const walk = (rows4: number, columns4: number, k4: number, tile: TileShape) =>
    turns(tilesOf(rows4, columns4, tile)) * (2 + k4 + 4 * tile.rows4 * tile.columns4);
  let iterations = turns(4 * batch4) * (1 + costIterations(layers.at(-1)!));
  for (let l = 0; l < layers.length - 1; l++) {
    const [inputs4, outputs4] = [vec4s(layers[l]!), vec4s(layers[l + 1]!)];
    iterations += walk(batch4, outputs4, inputs4, tiles.forward[l]!);
    if (l > 0) iterations += walk(batch4, inputs4, outputs4, tiles.hiddenDelta[l]!);
    iterations += walk(inputs4 + 1, outputs4, batch4, tiles.update[l]!);
  }
  return iterations;
}

/** Maximum iterations per dispatch, with a margin for loops that a compiler adds. */
const maxIterations = 60_000;

/** Steps that fit into one dispatch; 0 if even one is too long. */
export function stepsPerDispatch(shape: PersistentShape): number {
  return Math.min(64, Math.floor(maxIterations / iterationsPerStep(shape)));
}

/** Flag bit in a count of samples; the count itself is always smaller. */
export const divergedBit = 0x80000000;

/**
 * Trains or evaluates `networks` networks. `parameters` and `moments` of each network are laid out as in the engine,
 * one network after another. The same holds for `optimizerScalars`, [steps of an epoch], `order`, [samples], and
 * `scratch`. `progress` begins with the current step in the epoch of each network. If an update of a network is not
 * finite, {@link divergedBit} is set in the count of correct predictions of its first row.
 */
export function persistent(options: PersistentOptions): Kernel {
  const { layers: sizes, batchSize, work, networks, step, tiles } = options;
  const { workgroupSize, maxSteps, parameterStride } = options;
  const rows = 4 * vec4s(batchSize);
  const buffers: Buffers = {
    ...{ activations: 'scratch', deltas: 'scratch', parametersFrom: 'firstParameter + ' },
    ...{
      activationsFrom: 'firstScratch + ',
      deltasFrom: `firstScratch + ${step.activationVec4s}u + `,
    },
  };
  const forward = step.forward.map((layer, l): Phase => {
    return {
      product: forwardProduct(layer, rows, `Forward${l}`, buffers),
      tile: tiles.forward[l]!,
    };
  });
  const back = step.hiddenDelta.map((layer, l): Phase => {
    const product = hiddenDeltaProduct(layer, rows, `Back${l + 1}`, buffers);
    return { product, tile: tiles.hiddenDelta[l + 1]! };
  });
  const update = step.update.map((layer, l): Phase => {
    return {
      product: weightGradientProduct(layer, rows, `Update${l}`, buffers),
      tile: tiles.update[l]!,
    };
  });
  const trains = work.kind === 'train';
  const read = (name: string, type: string): Binding => ({ name, access: 'read', type });
  const bindings: Binding[] = [
    ...(work.kind === 'train'
      ? [...optimizerBindings(work.optimizer), read('order', 'array<u32>')]
      : [read('parameters', 'array<vec4f>')]),
    { name: 'scratch', access: 'read_write', type: 'array<vec4f>' },
    read('samples', 'array<u32>'),
    read('labels', 'array<u32>'),
    { name: 'progress', access: 'read_write', type: 'Progress' },
    { name: 'settings', access: 'uniform', type: 'Settings' },
  ];
  const phases = trains ? [...forward, ...back, ...update] : forward;
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
${batchRows(batchSize)}${samplesOf}${bytesOf}${blockFunctions}
${activationCode({
  activated: step.forward.flatMap(activatedBy),
  sloped: trains ? step.hiddenDelta.map(({ activation }) => activation) : [],
  output: step.output.output,
})}
${outputDeltaOf(step.output, trains, buffers)}
#if ${trains}
var<workgroup> hasDiverged: atomic<u32>;
${updateVariables}${work.kind === 'train' ? applyGradient(work.optimizer) : ''}
#endif
${phases.map(({ product, tile }) => declareProduct(product) + simpleTile(product, tile)).join('\n')}`;
  const run = ({ product, tile }: Phase) => {
    const across = Math.ceil(product.columns4 / tile.columns4);
    return deal(
      tilesOf(product.rows4, product.columns4, tile),
      workgroupSize,
      `tile${product.name}(job / ${across}u * ${tile.rows4}u, job % ${across}u * ${tile.columns4}u);`,
    );
  };
  const runs = [
    ...forward.map(run),
    deal(rows, workgroupSize, 'outputDeltaOf(job);'),
    // The hidden deltas run from the last hidden layer backwards.
    ...(trains ? [...back.toReversed().map(run), update.map(run).join('\n')] : []),
  ];
  const label = `${work.kind} ${sizes.join('-')}`;
  const code = wgsl /* wgsl */ `// ${label}
${declare(bindings)}
${functions}
@compute @workgroup_size(${workgroupSize})
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) workgroup: vec3u) {
  network = workgroup.x;
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
  }
}
`;
  return { label, code, bindings, workgroups: [networks, 1, 1] };
}

/** A product and its tile. */
interface Phase {
  readonly product: Product;
  readonly tile: TileShape;
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
