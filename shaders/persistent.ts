/**
 * Many steps of training in one dispatch, one workgroup a network: forward, output delta, hidden deltas and updates
 * with barriers between them, which WGSL allows within a workgroup, and only there. What a small network costs is
 * then arithmetic: no dispatch, no submit, and as many networks side by side as the adapter has cores.
 *
 * The phases compute what `forward`, `outputDelta`, `hiddenDelta` and `update` do, a register tile an invocation,
 * and share their WGSL for functions. Twins: `src/reference/`, of the same names.
 */
import { slopeSource, type Activation, type Cost, type Output } from '../src/network/functions.ts';
import { activate, slope } from './activation.ts';
import { bytesOf } from './batch.ts';
import { costFunctions, costIterations } from './cost.ts';
import type { Binding, Kernel } from './kernel.ts';
import { applyGradient, optimizerBindings, type UpdateRule } from './optimizer.ts';
import type { Tile } from './tile.ts';
import { unique } from './unique.ts';
import { f32, quads, unroll } from './wgsl.ts';

export interface PersistentTiles {
  /** By layer. `quads` divides the quads of the layer's outputs. */
  readonly forward: readonly Tile[];
  /** By layer, of its inputs; the first is not used. `quads` is 1. */
  readonly hiddenDelta: readonly Tile[];
  /** By layer: `rows` quads of inputs × `quads` of outputs; each divides what it tiles. */
  readonly update: readonly Tile[];
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
  /** Invocations a workgroup. */
  readonly workgroupSize: number;
}

export interface PersistentOptions extends PersistentShape {
  /** `evaluate` goes through the samples in the order of the file, and learns nothing. */
  readonly work:
    { readonly kind: 'train'; readonly optimizer: UpdateRule } | { readonly kind: 'evaluate' };
  /** Networks, each with a workgroup, parameters, an order of samples and learning rates of its own. */
  readonly networks: number;
  /** Where each layer begins in a network's parameters, in quads, and where the next network's begin. */
  readonly parameterOffsets: readonly number[];
  readonly parameterStride: number;
  /** Steps a dispatch makes at most, whatever `settings.steps` says. */
  readonly mostSteps: number;
}

/** Where a layer's values stand in the scratch of a network, in quads, [rows, outputQuads] each. */
interface LayerPlace {
  readonly inputs: number;
  readonly outputs: number;
  readonly inputQuads: number;
  readonly outputQuads: number;
  readonly activations: number;
  /** The same as `activations` where slopes need no z. */
  readonly preactivations: number;
  readonly delta: number;
}

export interface PersistentLayout {
  readonly layers: readonly LayerPlace[];
  /** Samples that scratch holds: the mini-batch, rounded up to whole tiles. */
  readonly rows: number;
  /** Quads of one network. */
  readonly scratchQuads: number;
}

/** Where everything stands in the buffer `scratch` of {@link persistent}. */
export function persistentLayout(shape: PersistentShape): PersistentLayout {
  const { layers: sizes, activation, batchSize, tiles } = shape;
  const heights = [...tiles.forward, ...tiles.hiddenDelta.slice(1)].map(({ rows }) => rows);
  const rows = Math.max(...heights.map((height) => Math.ceil(batchSize / height) * height));
  let end = 0;
  const layers = sizes.slice(1).map((outputs, l): LayerPlace => {
    const inputs = sizes[l]!;
    const outputQuads = quads(outputs);
    const take = () => {
      end += rows * outputQuads;
      return end - rows * outputQuads;
    };
    const keepsZ = l < sizes.length - 2 && slopeSource(activation) === 'z';
    const activations = take();
    const preactivations = keepsZ ? take() : activations;
    const place = { activations, preactivations, delta: take() };
    return { inputs, outputs, inputQuads: quads(inputs), outputQuads, ...place };
  });
  return { layers, rows, scratchQuads: end };
}

/**
 * Loop iterations of one invocation in a step. llvmpipe, for one, ends all loops of an invocation for good after
 * 65,535 iterations in a dispatch and says nothing, so a dispatch must stay below that.
 */
export function iterationsPerStep(shape: PersistentShape): number {
  const { batchSize, tiles, workgroupSize } = shape;
  const { layers, rows } = persistentLayout(shape);
  const turns = (jobs: number) => Math.ceil(jobs / workgroupSize);
  let iterations = turns(rows) * (1 + costIterations(layers.at(-1)!.outputs));
  layers.forEach((layer, l) => {
    const [forward, delta, update] = [tiles.forward[l]!, tiles.hiddenDelta[l]!, tiles.update[l]!];
    const columns = layer.outputQuads / forward.quads;
    iterations +=
      turns(Math.ceil(batchSize / forward.rows) * columns) *
      (1 + layer.inputQuads + forward.quads * (1 + forward.rows));
    if (l > 0) {
      const jobs = Math.ceil(batchSize / delta.rows) * layer.inputQuads;
      iterations += turns(jobs) * (1 + layer.outputQuads + delta.rows);
    }
    const inputTiles = layer.inputQuads / update.rows;
    // In the turn where some do weights and others biases, both loops run.
    iterations +=
      (1 + turns((inputTiles + 1) * (layer.outputQuads / update.quads))) *
      (1 + batchSize + update.rows * (5 + 4 * update.quads));
  });
  return iterations;
}

/** Iterations that a dispatch stays below, with room for loops that a compiler adds. */
const mostIterations = 60_000;

/** Steps that a dispatch can make; 0 where even one is too long. */
export function stepsPerDispatch(shape: PersistentShape): number {
  return Math.min(64, Math.floor(mostIterations / iterationsPerStep(shape)));
}

const component = ['x', 'y', 'z', 'w'] as const;

/** `jobs` pieces of work dealt to the invocations of a workgroup, in turns; `text` may use `job`. */
function deal(jobs: number, workgroupSize: number, text: string): string {
  const turns = Math.ceil(jobs / workgroupSize);
  const guard = turns * workgroupSize > jobs ? `if (job < ${jobs}u) ` : '';
  return `  for (var turn = 0u; turn < ${turns}u; turn++) {
    let job = turn * ${workgroupSize}u + local;
    ${guard}{
${text}
    }
  }`;
}

/** `text(0), … text(count − 1)` */
function names(count: number, text: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => text(index)).join(', ');
}

const barrier = '  storageBarrier();';

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
  const { workgroupSize, mostSteps, tiles, parameterOffsets, parameterStride } = options;
  const { layers, rows, scratchQuads } = persistentLayout(options);
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
  const sampleOf = (row: string): string => {
    const position = `min(position + ${row}, settings.sampleCount - 1u)`;
    return trains ? `order[network * settings.sampleCount + ${position}]` : position;
  };

  const forward = (l: number): string => {
    const { inputQuads, outputQuads, outputs, ...place } = layers[l]!;
    const { rows: tileRows, quads: tileQuads } = tiles.forward[l]!;
    const columns = outputQuads / tileQuads;
    const isLast = l === layers.length - 1;
    const keepsZ = !isLast && slopeSource(activation) === 'z';
    const load = (m: number) =>
      l === 0 ? `bytesOf(samples[input${m} + i])` : `scratch[input${m} + i]`;
    const source = (m: number) =>
      l === 0
        ? `${sampleOf(`row + ${m}u`)} * ${inputQuads}u`
        : `firstScratch + ${layers[l - 1]!.activations}u + (row + ${m}u) * ${inputQuads}u`;
    const text = `      let column = (job % ${columns}u) * ${tileQuads}u;
      let row = (job / ${columns}u) * ${tileRows}u;
${unroll(tileRows, (m) => `      let input${m} = ${source(m)};`)}
${unroll(tileRows, (m) => unroll(tileQuads, (q) => `      var sum${m}_${q} = vec4f();`))}
      let first = firstParameter + ${parameterOffsets[l]!}u + column;
      for (var i = 0u; i < ${inputQuads}u; i++) {
${unroll(tileRows, (m) => `        let a${m} = ${load(m)};`)}
        let weight = first + i * ${4 * outputQuads}u;
${unroll(4, (k) =>
  unroll(
    tileQuads,
    (q) => `        let w${k}_${q} = parameters[weight + ${k * outputQuads + q}u];
${unroll(tileRows, (m) => `        sum${m}_${q} = fma(vec4f(a${m}.${component[k]!}), w${k}_${q}, sum${m}_${q});`)}`,
  ),
)}
      }
      // In loops: activations unrolled would be most of the shader, and most of the time it takes to compile.
      var sums = array<vec4f, ${tileRows * tileQuads}>(${names(tileRows * tileQuads, (i) => `sum${Math.floor(i / tileQuads)}_${i % tileQuads}`)});
      for (var q = 0u; q < ${tileQuads}u; q++) {
        let bias = parameters[first + ${4 * inputQuads * outputQuads}u + q];
        let real = (vec4u(4u * (column + q)) + vec4u(0u, 1u, 2u, 3u)) < vec4u(${outputs}u);
        for (var m = 0u; m < ${tileRows}u; m++) {
          let z = ${l === 0 ? `fma(sums[m * ${tileQuads}u + q], vec4f(${f32(1 / 255)}), bias)` : `sums[m * ${tileQuads}u + q] + bias`};
          let at = firstScratch + (row + m) * ${outputQuads}u + column + q;
${keepsZ ? `          scratch[at + ${place.preactivations}u] = z;` : ''}
          scratch[at + ${place.activations}u] = select(vec4f(), ${isLast ? 'z' : 'activate(z)'}, real);
        }
      }`;
    return deal(Math.ceil(batchSize / tileRows) * columns, workgroupSize, text);
  };

  const outputDelta = (): string => {
    const { outputQuads, activations, delta } = last;
    const padding = ` else {
        for (var q = 0u; q < ${outputQuads}u; q++) { scratch[d + q] = vec4f(); }
      }`;
    return deal(
      rows,
      workgroupSize,
      `      let z = firstScratch + ${activations}u + job * ${outputQuads}u;
${trains ? `      let d = firstScratch + ${delta}u + job * ${outputQuads}u;` : ''}
      if (job < rowCount) {
        let label = labels[${sampleOf('job')}];
        let row = prepare(z, label);
        var cost = 0.0;
        for (var q = 0u; q < ${outputQuads}u; q++) {
          let a = outputQuad(row, z, q);
          cost += costQuad(row, z, q, a, label);
${trains ? '          scratch[d + q] = deltaQuad(row, q, a, label);' : ''}
        }
        let metric = network * ${rows}u + job;
        progress.metrics[metric].cost += cost;
        progress.metrics[metric].correct += u32(predictionOf(z) == label);
      }${trains ? padding : ''}`,
    );
  };

  const hiddenDelta = (l: number): string => {
    const { inputQuads, outputQuads, delta } = layers[l]!;
    const before = layers[l - 1]!;
    const { rows: tileRows } = tiles.hiddenDelta[l]!;
    const source = slopeSource(activation) === 'z' ? before.preactivations : before.activations;
    const text = `      let column = job % ${inputQuads}u;
      let row = (job / ${inputQuads}u) * ${tileRows}u;
${unroll(tileRows, (m) => unroll(4, (i) => `      var sum${m}_${i} = vec4f();`))}
      let first = firstParameter + ${parameterOffsets[l]!}u + column * ${4 * outputQuads}u;
      let next = firstScratch + ${delta}u + row * ${outputQuads}u;
      for (var j = 0u; j < ${outputQuads}u; j++) {
${unroll(4, (i) => `        let w${i} = parameters[first + j + ${i * outputQuads}u];`)}
${unroll(
  tileRows,
  (m) => `        let d${m} = scratch[next + j + ${m * outputQuads}u];
${unroll(4, (i) => `        sum${m}_${i} = fma(d${m}, w${i}, sum${m}_${i});`)}`,
)}
      }
      let index = firstScratch + row * ${inputQuads}u + column;
      var wishes = array<vec4f, ${tileRows}>(${names(tileRows, (m) => `vec4f(${names(4, (i) => `total(sum${m}_${i})`)})`)});
      for (var m = 0u; m < ${tileRows}u; m++) {
        let at = index + m * ${inputQuads}u;
        scratch[at + ${before.delta}u] = wishes[m] * slope(scratch[at + ${source}u]);
      }`;
    return deal(Math.ceil(batchSize / tileRows) * inputQuads, workgroupSize, text);
  };

  const update = (l: number): string => {
    const { inputQuads, outputQuads, delta } = layers[l]!;
    const { rows: tileInputs, quads: tileQuads } = tiles.update[l]!;
    const columns = outputQuads / tileQuads;
    const inputTiles = inputQuads / tileInputs;
    const each = (text: (i: number, k: number, q: number) => string) =>
      unroll(tileInputs, (i) => unroll(4, (k) => unroll(tileQuads, (q) => text(i, k, q))));
    const load = (i: number) =>
      l === 0
        ? `bytesOf(samples[sample + ${i * inputTiles}u])`
        : `scratch[a + n * ${inputQuads}u + ${i * inputTiles}u]`;
    const text = `      let column = (job % ${columns}u) * ${tileQuads}u;
      let input = job / ${columns}u;
      let d = firstScratch + ${delta}u + column;
      let first = firstParameter + ${parameterOffsets[l]!}u + column;
      if (input < ${inputTiles}u) {
${each((i, k, q) => `        var sum${i}_${k}_${q} = vec4f();`)}
${l === 0 ? '' : `        let a = firstScratch + ${layers[l - 1]!.activations}u + input;`}
        for (var n = 0u; n < ${batchSize}u; n++) {
${l === 0 ? `          let sample = ${sampleOf('n')} * ${inputQuads}u + input;` : ''}
${unroll(tileQuads, (q) => `          let d${q} = scratch[d + n * ${outputQuads}u + ${q}u];`)}
${unroll(
  tileInputs,
  (i) => `          let a${i} = ${load(i)};
${unroll(4, (k) => unroll(tileQuads, (q) => `          sum${i}_${k}_${q} = fma(vec4f(a${i}.${component[k]!}), d${q}, sum${i}_${k}_${q});`))}`,
)}
        }
        let scale = ${l === 0 ? `${f32(1 / 255)} / f32(rowCount)` : '1.0 / f32(rowCount)'};
        let weight = first + input * ${4 * outputQuads}u;
        var sums = array<vec4f, ${4 * tileInputs * tileQuads}>(${names(4 * tileInputs * tileQuads, (s) => `sum${Math.floor(s / 4 / tileQuads)}_${Math.floor(s / tileQuads) % 4}_${s % tileQuads}`)});
        for (var i = 0u; i < ${tileInputs}u; i++) {
          for (var k = 0u; k < 4u; k++) {
            for (var q = 0u; q < ${tileQuads}u; q++) {
              let at = weight + (4u * ${inputTiles}u * i + k) * ${outputQuads}u + q;
              finite = applyGradient(at, sums[(4u * i + k) * ${tileQuads}u + q] * scale, rate) & finite;
            }
          }
        }
      } else {
${unroll(tileQuads, (q) => `        var bias${q} = vec4f();`)}
        for (var n = 0u; n < ${batchSize}u; n++) {
${unroll(tileQuads, (q) => `          bias${q} += scratch[d + n * ${outputQuads}u + ${q}u];`)}
        }
${unroll(tileQuads, (q) => `        finite = applyGradient(first + ${4 * inputQuads * outputQuads + q}u, bias${q} / f32(rowCount), rate) & finite;`)}
      }`;
    return deal((inputTiles + 1) * columns, workgroupSize, text);
  };

  const declarations = bindings.map(({ name, access, type }, index) => {
    const space = access === 'uniform' ? 'uniform' : `storage, ${access}`;
    return `@group(0) @binding(${index}) var<${space}> ${name}: ${type};`;
  });
  const isDeep = layers.length > 1;
  const functions = unique(
    `struct Metric {
  cost: f32,
  correct: u32,
}
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
`,
    isDeep ? activate(activation) : '',
    isDeep && trains ? slope(activation) : '',
    bytesOf,
    // The cost's functions read z from where everything stands here.
    costFunctions({ outputs: sizes.at(-1)!, output, cost }).replace(
      /\b(z|activations)\[/g,
      'scratch[',
    ),
    work.kind === 'train'
      ? `${applyGradient(work.optimizer)}\nvar<workgroup> hasDiverged: atomic<u32>;`
      : '',
  );
  const phases = [...layers.map((_, l) => forward(l)), outputDelta()];
  if (trains) {
    for (let l = layers.length - 1; l > 0; l--) phases.push(hiddenDelta(l));
    phases.push(layers.map((_, l) => update(l)).join('\n'));
  }
  const label = `${work.kind} ${sizes.join('-')}`;
  const code = `// ${label}
${declarations.join('\n')}
${functions}
@compute @workgroup_size(${workgroupSize})
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) workgroup: vec3u) {
  let network = workgroup.x;
  let firstParameter = network * ${parameterStride}u;
  let firstScratch = network * ${scratchQuads}u;
  var step = progress.step[network];
${trains ? '  var finite = true;' : ''}
  for (var made = 0u; made < ${mostSteps}u; made++) {
    // A uniform, so that all of the workgroup is known to come to its barriers.
    if (made >= settings.steps) { break; }
    let position = step * ${batchSize}u;
    let rowCount = min(settings.sampleCount - position, ${batchSize}u);
${trains ? '    let rate = rateOf(network * settings.stepCount + step);' : ''}
${phases.join(`\n${barrier}\n`)}
${barrier}
    // Counted one by one, so that a step left out shows.
    step += 1u;
  }
${trains ? `  if (!finite) { atomicStore(&hasDiverged, ${divergedBit}u); }\n  workgroupBarrier();` : ''}
  if (local == 0u) {
    progress.step[network] = step;
${trains ? `    progress.metrics[network * ${rows}u].correct |= atomicLoad(&hasDiverged);` : ''}
  }
}
`;
  return { label, code, bindings, workgroups: [networks, 1, 1] };
}
