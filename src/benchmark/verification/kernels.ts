/** The cases that kernels are checked with: shapes at and around the edges of tiles, every function, every variant. */
import type { ForwardOptions } from '../../../shaders/forward.ts';
import type { Device } from '../../gpu/device.ts';
import { adam, adamW, sgd, type Optimizer } from '../../training/optimizers.ts';
import { checkApplyGradients, checkClipScale, checkSumSquares } from './clip.ts';
import { activations, costs, outputs, type Cost, type Output } from '../../network/functions.ts';
import { checkForward } from './forward.ts';
import { checkHiddenDelta, hasIntegerSlope } from './hiddenDelta.ts';
import { checkOutputDelta, checkScore } from './output.ts';
import { Samples, type DataKind } from './samples.ts';
import { checkUpdate } from './update.ts';

export interface KernelCase {
  /** 'forward 17→9, batch 33, tanh, random' */
  readonly name: string;
  readonly kernel: (typeof kernelNames)[number];
  /** Resolves to the worst error as a share of its bound; integers are exact at 0. */
  readonly run: (device: Device) => Promise<number>;
}

export const kernelNames = [
  'forward',
  'output delta',
  'hidden delta',
  'update',
  'clip',
  'score',
] as const;

const batchSizes = [1, 2, 3, 7, 8, 9, 31, 32, 33, 100] as const;
const sizes = [1, 2, 3, 4, 5, 7, 8, 9, 10, 15, 16, 17, 30, 31, 33, 64] as const;
/** Inputs go up to an image's pixels. */
const inputSizes = [...sizes, 100, 257, 784] as const;
const tileRows = [1, 2, 4, 8] as const;
const tileQuads = [1, 2, 4] as const;
const workgroupSizes = [16, 64] as const;

const kinds: readonly DataKind[] = ['random', 'integers'];
const sources = ['samples', 'activations'] as const;

/** Outputs and costs that go together. */
export const outputsAndCosts: readonly (readonly [Output, Cost])[] = outputs.flatMap((output) =>
  costs
    .filter((cost) => !(output === 'linear' && cost === 'cross-entropy'))
    .map((cost) => [output, cost] as const),
);

/**
 * @param rounds how often every variant is drawn, each time with other shapes and data
 * @param seed of the shapes and the data
 */
export function kernelCases(rounds: number, seed = 1): readonly KernelCase[] {
  const cases: KernelCase[] = [];
  for (let round = 0; round < rounds; round++) {
    const draw = new Samples(seed + round, 'random');
    const next = () => seed * 1000 + cases.length;
    for (const kind of kinds) {
      cases.push(...forwardCases(draw, kind, next()), ...deltaCases(draw, kind, next()));
      cases.push(...outputCases(draw, kind, next()), ...updateCases(draw, kind, next()));
      cases.push(...clipCases(draw, kind, next()));
    }
  }
  return cases;
}

/** A tile width that divides the quads of `features`. */
function fittingQuads(draw: Samples, features: number): number {
  return draw.pick(tileQuads.filter((count) => Math.ceil(features / 4) % count === 0));
}

function forwardCases(draw: Samples, kind: DataKind, seed: number): KernelCase[] {
  return activations.flatMap((activation) => {
    // Integers stay integers through these alone.
    if (kind === 'integers' && activation !== 'relu' && activation !== 'linear') return [];
    return sources.map((source): KernelCase => {
      const batchSize = draw.pick(batchSizes);
      const rowsPerTile = draw.pick(tileRows);
      const outputCount = draw.pick(sizes);
      const options: ForwardOptions = {
        inputs: draw.pick(inputSizes),
        outputs: outputCount,
        activation,
        source,
        batchSize,
        rows: Math.ceil(batchSize / rowsPerTile) * rowsPerTile,
        tileRows: rowsPerTile,
        tileQuads: fittingQuads(draw, outputCount),
        workgroupSize: draw.pick(workgroupSizes),
      };
      const { inputs, tileQuads: columns } = options;
      return {
        kernel: 'forward',
        name: `forward ${inputs}→${outputCount}, batch ${batchSize}, ${activation}, from ${source}, tile ${rowsPerTile}×${4 * columns}, ${kind}`,
        run: (device) => checkForward(device, options, kind, seed),
      };
    });
  });
}

function deltaCases(draw: Samples, kind: DataKind, seed: number): KernelCase[] {
  return activations.flatMap((activation) => {
    if (kind === 'integers' && !hasIntegerSlope(activation)) return [];
    const rowsPerTile = draw.pick(tileRows);
    const options = {
      inputs: draw.pick(sizes),
      outputs: draw.pick(sizes),
      activation,
      rows: Math.ceil(draw.pick(batchSizes) / rowsPerTile) * rowsPerTile,
      tileRows: rowsPerTile,
      workgroupSize: draw.pick(workgroupSizes),
    };
    return {
      kernel: 'hidden delta' as const,
      name: `hidden delta ${options.inputs}←${options.outputs}, ${options.rows} rows, ${activation}, tile ${rowsPerTile}, ${kind}`,
      run: (device: Device) => checkHiddenDelta(device, options, kind, seed),
    };
  });
}

function outputCases(draw: Samples, kind: DataKind, seed: number): KernelCase[] {
  return outputsAndCosts.flatMap(([output, cost]) => {
    if (kind === 'integers' && output !== 'linear') return [];
    const batchSize = draw.pick(batchSizes);
    const options = {
      outputs: draw.pick(sizes),
      output,
      cost,
      batchSize,
      rows: Math.ceil(batchSize / 8) * 8,
      workgroupSize: draw.pick(workgroupSizes),
    };
    const text = `${options.outputs}, batch ${batchSize}, ${output}, ${cost}, ${kind}`;
    return [
      {
        kernel: 'output delta' as const,
        name: `output delta ${text}`,
        run: (device: Device) => checkOutputDelta(device, options, kind, seed),
      },
      {
        kernel: 'score' as const,
        name: `score ${text}`,
        run: (device: Device) => checkScore(device, options, kind, seed),
      },
    ];
  });
}

/** Every structure that an optimizer's WGSL takes, by a name; undefined leaves the gradient for later. */
export const updateRules: Readonly<Record<string, Optimizer | undefined>> = {
  plain: sgd({ learningRate: 0.25 }),
  decay: sgd({ learningRate: 0.25, weightDecay: 0.5 }),
  momentum: sgd({ learningRate: 0.25, momentum: 0.5 }),
  nesterov: sgd({ learningRate: 0.25, momentum: 0.5, nesterov: true, weightDecay: 0.5 }),
  adam: adam({ learningRate: 0.01 }),
  'adam, decay': adam({ learningRate: 0.01, beta1: 0.5, weightDecay: 0.1 }),
  adamW: adamW({ learningRate: 0.01, weightDecay: 0.1 }),
  deferred: undefined,
};

/** Means and roots of integers are none. */
const keepsIntegers = (optimizer: Optimizer | undefined) => (optimizer?.kind ?? 'sgd') === 'sgd';

function updateCases(draw: Samples, kind: DataKind, seed: number): KernelCase[] {
  return sources.flatMap((source) => {
    if (kind === 'integers' && source === 'samples') return [];
    return Object.entries(updateRules).flatMap(([rule, optimizer]): KernelCase[] => {
      if (kind === 'integers' && !keepsIntegers(optimizer)) return [];
      const outputCount = draw.pick(sizes);
      const options = {
        inputs: draw.pick(inputSizes),
        outputs: outputCount,
        source,
        batchSize: kind === 'integers' ? draw.pick([1, 2, 8, 32]) : draw.pick(batchSizes),
        optimizer,
        layer: draw.pick([0, 1, 2]),
        tileQuads: fittingQuads(draw, outputCount),
        workgroupSize: draw.pick(workgroupSizes),
      };
      const { inputs, batchSize } = options;
      return [
        {
          kernel: 'update',
          name: `update ${inputs}→${outputCount}, batch ${batchSize}, from ${source}, ${rule}, tile 4×${4 * options.tileQuads}, ${kind}`,
          run: (device) => checkUpdate(device, options, kind, seed),
        },
      ];
    });
  });
}

function clipCases(draw: Samples, kind: DataKind, seed: number): KernelCase[] {
  const workgroupSize = draw.pick(workgroupSizes);
  const length = draw.pick([1, 7, 64, 100, 3000]);
  const sums = draw.pick([4, 64, 1024]);
  const clipAt = draw.pick([0.1, 0.999, 1.001, 3]);
  const [inputs, outputs] = [draw.pick(inputSizes), draw.pick(sizes)];
  const applying = Object.entries(updateRules).flatMap(([rule, optimizer]): KernelCase[] =>
    !optimizer || (kind === 'integers' && !keepsIntegers(optimizer))
      ? []
      : [
          {
            kernel: 'clip',
            name: `apply gradients ${inputs}→${outputs}, ${rule}, ${kind}`,
            run: (device) =>
              checkApplyGradients(
                device,
                { inputs, outputs, optimizer, workgroupSize },
                kind,
                seed,
              ),
          },
        ],
  );
  return [
    {
      kernel: 'clip',
      name: `sums of squares of ${length} quads by ${sums}, ${kind}`,
      run: (device) => checkSumSquares(device, { length, sums, workgroupSize }, kind, seed),
    },
    {
      kernel: 'clip',
      name: `clip scale of ${sums} sums at ${clipAt} of the norm`,
      run: (device) => checkClipScale(device, { sums, clipAt }, seed),
    },
    ...applying,
  ];
}
