/**
 * Many steps of training in one dispatch, one workgroup a network: forward, output delta, hidden deltas and updates
 * with barriers between them, which WGSL allows within a workgroup, and only there. What a small network costs is
 * then arithmetic: no dispatch, no submit, and as many networks side by side as the adapter has cores.
 *
 * The products are those of `forward`, `hiddenDelta` and `update`, a register tile an invocation; so are the twins.
 */
import { slopeSource, type Activation, type Cost, type Output } from '../src/network/functions.ts';
import { activationFunctions } from './activation.ts';
import { batchRows, bytesOf, samplesOf } from './batch.ts';
import type { Buffers } from './buffers.ts';
import { costIterations } from './cost.ts';
import { forwardProduct } from './forward.ts';
import { hiddenDeltaProduct } from './hiddenDelta.ts';
import { declare, type Binding, type Kernel } from './kernel.ts';
import { blockFunctions, declareProduct, type Product, type TileShape } from './matmul/product.ts';
import { simpleTile } from './matmul/simple.ts';
import { applyGradient, optimizerBindings, updateVariables, type UpdateRule } from './optimizer.ts';
import { metricStruct, outputDeltaOf } from './outputDelta.ts';
import { weightGradientProduct } from './weightGradient.ts';
import { quads, wgsl } from './wgsl.ts';

/** By layer; the first of `hiddenDelta`, of the first layer's inputs, is not used. */
export interface PersistentTiles {
  readonly forward: readonly TileShape[];
  readonly hiddenDelta: readonly TileShape[];
  readonly update: readonly TileShape[];
}

/** What the arithmetic of a network depends on, and how it is cut up. */
export interface PersistentShape {
  /** Layer sizes, input first. */
  readonly layers: readonly number[];
  readonly activation: Activation;
  readonly output: Output;
  readonly cost: Cost;
  readonly batchSize: number;
  readonly tiles: PersistentTiles;
  readonly workgroupSize: number;
}

export interface PersistentOptions extends PersistentShape {
  /** `evaluate` goes through the samples in the order of the file, and learns nothing. */
  readonly work:
    { readonly kind: 'train'; readonly optimizer: UpdateRule } | { readonly kind: 'evaluate' };
  /** Networks, each with a workgroup, parameters, an order of samples and learning rates of its own. */
  readonly networks: number;
  /** Where each layer begins in a network's parameters, in vec4f, and where the next network's begin. */
  readonly parameterOffsets: readonly number[];
  readonly parameterStride: number;
  /** Steps a dispatch makes at most, whatever `settings.steps` says. */
  readonly mostSteps: number;
}

/** Where a layer's values stand in the scratch of a network, in vec4f, [rows, outputs] each. */
interface LayerPlace {
  readonly inputs: number;
  readonly outputs: number;
  readonly activations: number;
  /** The same as `activations` where slopes need no z. */
  readonly preactivations: number;
  readonly delta: number;
}

export interface PersistentLayout {
  readonly layers: readonly LayerPlace[];
  /** Samples that scratch holds: the mini-batch, rounded up to whole blocks. */
  readonly rows: number;
  /** vec4f of one network. */
  readonly scratchQuads: number;
}

/** Where everything stands in the buffer `scratch` of {@link persistent}. */
export function persistentLayout(
  shape: Pick<PersistentShape, 'layers' | 'activation' | 'batchSize'>,
): PersistentLayout {
  const { layers: sizes, activation, batchSize } = shape;
  const rows = 4 * quads(batchSize);
  let end = 0;
  const layers = sizes.slice(1).map((outputs, l): LayerPlace => {
    const take = () => {
      end += rows * quads(outputs);
      return end - rows * quads(outputs);
    };
    const keepsZ = l < sizes.length - 2 && slopeSource(activation) === 'z';
    const activations = take();
    const preactivations = keepsZ ? take() : activations;
    return { inputs: sizes[l]!, outputs, activations, preactivations, delta: take() };
  });
  return { layers, rows, scratchQuads: end };
}

/** A product, and the tile that it is cut into. */
interface Phase {
  readonly product: Product;
  readonly tile: TileShape;
}

const scratch: Buffers = {
  activations: 'scratch',
  deltas: 'scratch',
  valuesFrom: 'firstScratch + ',
  parametersFrom: 'firstParameter + ',
};

/** The products of a step: forward from the first layer, back from the last, and the updates. */
function phasesOf(
  shape: PersistentShape,
  offsets: readonly number[],
): Readonly<Record<'forward' | 'back' | 'update', readonly Phase[]>> {
  const { layers: sizes, activation, tiles } = shape;
  const { layers, rows } = persistentLayout(shape);
  const last = layers.length - 1;
  const inputAt = (l: number) => (l === 0 ? undefined : layers[l - 1]!.activations);
  const of = ({ inputs, outputs }: LayerPlace, l: number) => ({
    ...{ layer: l, inputs, outputs, inputAt: inputAt(l), parametersAt: offsets[l]! },
  });
  return {
    forward: layers.map((place, l) => {
      const layer = {
        ...of(place, l),
        activation: l === last ? ('linear' as const) : activation,
        outputAt: place.activations,
        preactivationAt: place.preactivations,
      };
      return {
        product: forwardProduct(layer, rows, `Forward${l}`, scratch),
        tile: tiles.forward[l]!,
      };
    }),
    back: sizes
      .slice(1, -1)
      .map((_, before) => {
        const l = before + 1;
        const own = layers[before]!;
        const layer = {
          ...of(layers[l]!, l),
          activation,
          nextDeltaAt: layers[l]!.delta,
          deltaAt: own.delta,
          slopeAt: slopeSource(activation) === 'z' ? own.preactivations : own.activations,
        };
        return {
          product: hiddenDeltaProduct(layer, rows, `Back${l}`, scratch),
          tile: tiles.hiddenDelta[l]!,
        };
      })
      .reverse(),
    update: layers.map((place, l) => {
      const layer = { ...of(place, l), deltaAt: place.delta };
      return {
        product: weightGradientProduct(layer, rows, `Update${l}`, scratch),
        tile: tiles.update[l]!,
      };
    }),
  };
}

const tilesAcross = ({ product, tile }: Phase) => Math.ceil(product.columns4 / tile.columns4);
const tilesOf = (phase: Phase) =>
  tilesAcross(phase) * Math.ceil(phase.product.rows4 / phase.tile.rows4);

/**
 * Loop iterations of one invocation in a step. llvmpipe, for one, ends all loops of an invocation for good after
 * 65,535 iterations in a dispatch and says nothing, so a dispatch must stay below that.
 */
export function iterationsPerStep(shape: PersistentShape): number {
  const { forward, back, update } = phasesOf(
    shape,
    shape.layers.map(() => 0),
  );
  const { rows } = persistentLayout(shape);
  const turns = (jobs: number) => Math.ceil(jobs / shape.workgroupSize);
  return [...forward, ...back, ...update].reduce(
    (sum, phase) => {
      const { rows4, columns4 } = phase.tile;
      return sum + turns(tilesOf(phase)) * (2 + phase.product.k4 + 5 * rows4 * columns4);
    },
    turns(rows) * (1 + costIterations(shape.layers.at(-1)!)),
  );
}

/** Iterations that a dispatch stays below, with room for loops that a compiler adds. */
const mostIterations = 60_000;

/** Steps that a dispatch can make; 0 where even one is too long. */
export function stepsPerDispatch(shape: PersistentShape): number {
  return Math.min(64, Math.floor(mostIterations / iterationsPerStep(shape)));
}

/** Set in a count of samples, which is always smaller. */
export const divergedBit = 0x80000000;

/**
 * Training, or evaluation, of `networks` networks. Buffers: `parameters` and the optimizer's `moments` as in the
 * engine, one network after another, and likewise `rates`, [steps of an epoch], `order`, [samples], and `scratch`;
 * `progress` begins with the step of the epoch that each network has come to. Where an update of a network was not
 * finite, {@link divergedBit} is set in its first row's count of right predictions.
 */
export function persistent(options: PersistentOptions): Kernel {
  const { layers: sizes, activation, output, cost, batchSize, work, networks } = options;
  const { workgroupSize, mostSteps, parameterOffsets, parameterStride } = options;
  const { layers, rows, scratchQuads } = persistentLayout(options);
  const { forward, back, update } = phasesOf(options, parameterOffsets);
  const last = layers.at(-1)!;
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
  const outputLayer = {
    ...{ outputs: last.outputs, output, cost, buffer: 'scratch' },
    ...{ activationsAt: last.activations, deltaAt: last.delta },
  };
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
${activationFunctions({ activation, needsSlope: trains, output })}
${outputDeltaOf(outputLayer, trains, 'firstScratch + ')}
#if ${trains}
var<workgroup> hasDiverged: atomic<u32>;
${updateVariables}${work.kind === 'train' ? applyGradient(work.optimizer) : ''}
#endif
${phases.map(({ product, tile }) => declareProduct(product) + simpleTile(product, tile)).join('\n')}`;
  const run = (phase: Phase) => {
    const { tile, product } = phase;
    const across = tilesAcross(phase);
    return deal(
      tilesOf(phase),
      workgroupSize,
      `tile${product.name}(job / ${across}u * ${tile.rows4}u, job % ${across}u * ${tile.columns4}u);`,
    );
  };
  const steps = [
    ...forward.map(run),
    deal(rows, workgroupSize, 'outputDeltaOf(job);'),
    ...(trains ? [...back.map(run), update.map(run).join('\n')] : []),
  ];
  const label = `${work.kind} ${sizes.join('-')}`;
  const code = wgsl /* wgsl */ `// ${label}
${declare(bindings)}
${functions}
@compute @workgroup_size(${workgroupSize})
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) workgroup: vec3u) {
  network = workgroup.x;
  firstParameter = network * ${parameterStride}u;
  firstScratch = network * ${scratchQuads}u;
  step = progress.step[network];
  for (var made = 0u; made < ${mostSteps}u; made++) {
    // A uniform, so that all of the workgroup is known to come to its barriers.
    if (made >= settings.steps) { break; }
#if ${trains}
    rate = rateOf(network * settings.stepCount + step);
#endif
${steps.join(barrier)}${barrier}
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

const barrier = '\n    storageBarrier();\n';

/** `jobs` pieces of work dealt to the invocations of a workgroup, in turns; `text` may use `job`. */
function deal(jobs: number, workgroupSize: number, text: string): string {
  const turns = Math.ceil(jobs / workgroupSize);
  const guard = turns * workgroupSize > jobs ? `if (job < ${jobs}u) ` : '';
  return `    for (var turn = 0u; turn < ${turns}u; turn++) {
      let job = turn * ${workgroupSize}u + lane;
      ${guard}{ ${text} }
    }`;
}
