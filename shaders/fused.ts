import { activate, slope } from './activation.ts';
import {
  bytesOf,
  counterBinding,
  sameStep,
  sampleOf,
  settingsBinding,
  settingsStruct,
  startStep,
} from './batch.ts';
import { costIterations } from './cost.ts';
import { forwardTile, writeForward, type ForwardLayer } from './forward.ts';
import { hiddenDeltaTile, writeHiddenDelta, type HiddenDeltaLayer } from './hiddenDelta.ts';
import { kernel, type Binding, type Kernel } from './kernel.ts';
import { outputDeltaBindings, outputDeltaOf, type OutputDeltaLayer } from './outputDelta.ts';
import { withEachSum, type Tile } from './tile.ts';
import { unique } from './unique.ts';
import { quads, unroll } from './wgsl.ts';

export interface FusedOptions {
  /** The network's last layers, or all of them. The first of all reads samples; see `ForwardLayer`. */
  readonly forward: readonly ForwardLayer[];
  readonly output: OutputDeltaLayer;
  /** From the last hidden layer back. */
  readonly hiddenDelta: readonly HiddenDeltaLayer[];
  readonly batchSize: number;
  /** Rows of the mini-batch buffers, a multiple of `tileRows`. */
  readonly rows: number;
  /** Samples an invocation takes through all layers. */
  readonly tileRows: number;
  /** Invocations a workgroup. */
  readonly workgroupSize: number;
}

/**
 * Forward through several layers, the output delta, and back to the first of them: one dispatch in place of one a
 * layer and direction, for layers so small that a dispatch costs more than their arithmetic.
 *
 * An invocation takes `tileRows` samples all the way, so that it reads nothing that another wrote and no barrier
 * is needed. Between layers it passes activations on through its own rows of the buffers. Its sums are the very
 * tiles of `forward` and `hiddenDelta`, which are also its twins.
 */
export function fused(options: FusedOptions): Kernel {
  const { forward, hiddenDelta, rows, tileRows } = options;
  const { label, bindings, functions, begin } = fusedDeclarations(options);
  const body = `${begin}
  let row = invocation * ${tileRows}u;
${lines(
  forward.map((layer) =>
    eachTile(
      layer,
      layer.outputs,
      tileRows,
      (tile) => forwardTile(layer, tile, 0, asIs) + '\n' + writeForward(layer, each(tile), 'true'),
    ),
  ),
)}
  for (var m = 0u; m < ${tileRows}u; m++) { outputDeltaOf(row + m, step); }
${lines(
  hiddenDelta.map((layer) =>
    eachTile(
      layer,
      layer.inputs,
      tileRows,
      (tile) =>
        hiddenDeltaTile(layer, tile, 0, asIs) + '\n' + writeHiddenDelta(layer, each(tile), 'true'),
    ),
  ),
)}`;
  return kernel(label, bindings, rows / tileRows, options.workgroupSize, functions, body);
}

/** What a kernel that goes forward and back declares and begins with, however it deals out the samples. */
export function fusedDeclarations({
  forward,
  output,
  hiddenDelta,
  batchSize,
}: Pick<FusedOptions, 'forward' | 'output' | 'hiddenDelta' | 'batchSize'>): {
  readonly label: string;
  readonly bindings: readonly Binding[];
  readonly functions: string;
  readonly begin: string;
} {
  const fromSamples = forward[0]!.inputAt === undefined;
  const bindings: Binding[] = [
    { name: 'parameters', access: 'read', type: 'array<vec4f>' },
    { name: 'activations', access: 'read_write', type: 'array<vec4f>' },
    { name: 'deltas', access: 'read_write', type: 'array<vec4f>' },
    ...outputDeltaBindings,
    ...(fromSamples ? [{ name: 'samples', access: 'read', type: 'array<u32>' } as const] : []),
    { name: 'order', access: 'read', type: 'array<u32>' },
    counterBinding(fromSamples ? 'read_write' : 'read'),
    settingsBinding,
  ];
  // The last layer is linear, and all others are alike.
  const { activation } = hiddenDelta[0] ?? forward[0]!;
  const functions = unique(
    settingsStruct,
    ...(fromSamples ? [sampleOf(batchSize), bytesOf] : []),
    activate(activation),
    slope(activation),
    outputDeltaOf(output, batchSize),
  );
  const sizes = [forward[0]!.inputs, ...forward.map(({ outputs }) => outputs)];
  return {
    label: `forward and back ${sizes.join('→')}`,
    bindings,
    functions,
    begin: fromSamples ? startStep : sameStep,
  };
}

/** Sums an invocation keeps in registers; above, they would be spilled. */
const sumsPerTile = 4;

/** Weights, in quads, of a layer whose code should be short rather than fast. */
const shortCodeQuads = 256;

const isShort = (layer: { readonly inputs: number; readonly outputs: number }) =>
  quads(layer.inputs) * quads(layer.outputs) <= shortCodeQuads;

/** Columns, in quads, that are taken at a time. */
const widthOf = (columns: number, tileRows: number) =>
  [4, 3, 2].find((q) => columns % q === 0 && q * tileRows <= sumsPerTile) ?? 1;

/**
 * Loop iterations, at most, of one invocation of `fused`, `fusedTable` or, where there is a `workgroupSize`,
 * `sharedFused`. llvmpipe ends all loops of an invocation for good after some 65,000 in a dispatch, as
 * `iterationsPerStep` of `persistent.ts` says.
 * @param sizes of the network's layers, input first
 */
export function fusedIterations(
  sizes: readonly number[],
  {
    from,
    rows,
    workgroupSize,
    isPlain,
  }: {
    readonly from: number;
    readonly rows: number;
    readonly workgroupSize?: number;
    readonly isPlain?: boolean;
  },
): number {
  // Jobs of one invocation, of `count` that a workgroup shares.
  const turnsOf = (count: number) => Math.ceil(count / (workgroupSize ?? 1));
  let iterations = turnsOf(rows) * (1 + costIterations(sizes.at(-1)!));
  for (let l = from; l < sizes.length - 1; l++) {
    const layer = { inputs: sizes[l]!, outputs: sizes[l + 1]! };
    // Short code takes one step along a sum at a time, other code four.
    const perQuad = isPlain === true || isShort(layer) ? 4 : 1;
    const walk = (columns: number, steps: number) => {
      // A turn is one tile, of at most 4 rows, whose slices are added up.
      if (workgroupSize !== undefined) return turnsOf(rows * columns) * (32 + steps);
      const width = isPlain === true ? 1 : widthOf(columns, rows);
      return (columns / width) * (1 + perQuad * steps + rows * (1 + width));
    };
    const [inputQuads, outputQuads] = [quads(layer.inputs), quads(layer.outputs)];
    iterations += walk(outputQuads, inputQuads);
    if (l > 0) iterations += walk(inputQuads, outputQuads);
  }
  return iterations;
}

/** Walks over all the columns of a layer's product, as many at a time as registers hold. */
function eachTile(
  layer: { readonly inputs: number; readonly outputs: number },
  features: number,
  tileRows: number,
  text: (tile: Tile) => string,
): string {
  const all = quads(features);
  const isPlain = isShort(layer);
  const width = widthOf(all, tileRows);
  const body = `    let tileQuad = c * ${width}u;
${unroll(width, (q) => `    let quad${q} = tileQuad + ${q}u;`)}
${text({ rows: tileRows, quads: width, isPlain })}`;
  return `  for (var c = 0u; c < ${all / width}u; c++) {\n${body}\n  }`;
}

const each = (tile: Tile) => (text: string) => withEachSum(tile, 1, text);
const asIs = (row: string) => row;
const lines = (texts: readonly string[]) => texts.join('\n');
