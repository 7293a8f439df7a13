/** The test cases of kernels: shapes around the edges of tiles, every function, every variant. */
import { softwareLoops, type Tile } from '../../../shaders/matmul/matmul.ts';
import type { Device } from '../../gpu/device.ts';
import { activationFunction } from '../../network/activations.ts';
import { adam, adamW, sgd, type Optimizer } from '../../engine/optimizers.ts';
import { checkApplyGradients, checkClipScale, checkSumSquares } from './clip.ts';
import {
  activations,
  costs,
  outputs,
  type Activation,
  type Cost,
  type Output,
} from '../../network/functions.ts';
import { checkForward, type ForwardCase } from './forward.ts';
import { checkFused, type FusedCase } from './fused.ts';
import { checkHiddenDelta, hasIntegerSlope } from './hiddenDelta.ts';
import {
  checkInfiniteClipScale,
  checkNanCost,
  checkNanForward,
  checkNanSlope,
} from './nonFinite.ts';
import { checkOutputDelta, checkScore } from './output.ts';
import { Samples, type DataKind } from './samples.ts';
import { drawTile, tileText, workgroupSizes, type DrawTile } from './tiles.ts';
import { checkUpdate, type UpdateCase } from './update.ts';

export interface KernelCase {
  /** 'forward 17→9, batch 33, tanh, random' */
  readonly name: string;
  readonly kernel: (typeof kernelNames)[number];
  /** Resolves to the largest error relative to its bound; integers must be exact. */
  readonly run: (device: Device) => Promise<number>;
}

export const kernelNames = [
  'forward',
  'output delta',
  'hidden delta',
  'update',
  'forward and back',
  'clip',
  'score',
] as const;

const batchSizes = [1, 2, 3, 7, 8, 9, 31, 32, 33, 100] as const;
const sizes = [1, 2, 3, 4, 5, 7, 8, 9, 10, 15, 16, 17, 30, 31, 33, 64] as const;
const inputSizes = [...sizes, 100, 257, 784] as const;

const kinds: readonly DataKind[] = ['random', 'integers'];
const sources = ['samples', 'activations'] as const;

/** All valid pairs of output and cost. */
export const outputsAndCosts: readonly (readonly [Output, Cost])[] = outputs.flatMap((output) =>
  costs
    .filter((cost) => !(output === 'linear' && cost === 'cross-entropy'))
    .map((cost) => [output, cost] as const),
);

/**
 * @param rounds number of draws of every variant, with other shapes and data each time
 * @param subgroupSize of the adapter; see `AdapterDescription`
 * @param seed of the shapes and the data
 */
export function kernelCases(rounds: number, subgroupSize: number, seed = 1): readonly KernelCase[] {
  const cases: KernelCase[] = [];
  for (let round = 0; round < rounds; round++) {
    const draw = new Samples(seed + round, 'random');
    const next = () => seed * 1000 + cases.length;
    for (const kind of kinds) {
      const simple = drawTile(draw, 'simple');
      cases.push(...forwardCases(draw, simple, activations, kind, next()));
      cases.push(...deltaCases(draw, simple, activations, kind, next()));
      cases.push(...outputCases(draw, kind, next()));
      const drawSimple = () => drawTile(draw, 'simple', draw.pick(workgroupSizes));
      cases.push(...updateCases(draw, drawSimple, Object.keys(updateRules), kind, next()));
      cases.push(...clipCases(draw, kind, next()));
      // Main loops are independent of functions and optimizers, so a few of these are enough.
      const swaps = subgroupSize === 4 ? softwareLoops : [];
      for (const loop of ['tiled', 'splitK', ...swaps] as const) {
        const drawOne = drawTile(draw, loop);
        const drawSized = () => drawTile(draw, loop, draw.pick([32, 64]));
        cases.push(...forwardCases(draw, drawOne, ['relu', 'gelu'], kind, next()));
        cases.push(...deltaCases(draw, drawOne, ['sigmoid', 'relu', 'gelu'], kind, next()));
        cases.push(...updateCases(draw, drawSized, ['plain', 'deferred'], kind, next()));
      }
    }
    cases.push(...fusedCases(draw, next()), ...wholeTileCases(next()), ...nonFiniteCases(next()));
  }
  return cases;
}

function forwardCases(
  draw: Samples,
  drawOne: DrawTile,
  of: readonly Activation[],
  kind: DataKind,
  seed: number,
): KernelCase[] {
  return of.flatMap((activation) => {
    // Only these functions map integers to integers.
    if (kind === 'integers' && activation !== 'relu' && activation !== 'linear') return [];
    return sources.map((source): KernelCase => {
      const batchSize = draw.pick(batchSizes);
      const tile = drawOne();
      const options: ForwardCase = {
        inputs: draw.pick(inputSizes),
        outputs: draw.pick(sizes),
        activation,
        source,
        batchSize,
        tile,
      };
      return {
        kernel: 'forward',
        name: `forward ${options.inputs}→${options.outputs}, batch ${batchSize}, ${activation}, from ${source}, ${tileText(tile)}, ${kind}`,
        run: (device) => checkForward(device, options, kind, seed),
      };
    });
  });
}

function deltaCases(
  draw: Samples,
  drawOne: DrawTile,
  of: readonly Activation[],
  kind: DataKind,
  seed: number,
): KernelCase[] {
  return of.flatMap((activation) => {
    if (kind === 'integers' && !hasIntegerSlope(activation)) return [];
    const tile = drawOne();
    const options = {
      inputs: draw.pick(sizes),
      outputs: draw.pick(sizes),
      activation,
      batchSize: draw.pick(batchSizes),
      tile,
    };
    return {
      kernel: 'hidden delta' as const,
      name: `hidden delta ${options.inputs}←${options.outputs}, batch ${options.batchSize}, ${activation}, ${tileText(tile)}, ${kind}`,
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

/** Optimizers that cover every variant of the WGSL; undefined stores the gradient. */
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

/** Adam's means and roots do not keep integers. */
const keepsIntegers = (optimizer: Optimizer | undefined) => (optimizer?.kind ?? 'sgd') === 'sgd';

/** @param drawSized creates a function that draws tiles of one workgroup size, which all layers of a dispatch share */
function updateCases(
  draw: Samples,
  drawSized: () => DrawTile,
  rules: readonly string[],
  kind: DataKind,
  seed: number,
): KernelCase[] {
  return rules.flatMap((rule) => {
    const optimizer = updateRules[rule];
    if (kind === 'integers' && !keepsIntegers(optimizer)) return [];
    // From samples, from activations, and both in one dispatch; the factor 1/255 of bytes is not an integer.
    const kindsOfLayers = [['samples'], ['activations'], ['samples', 'activations']] as const;
    const mixes = kind === 'integers' ? [kindsOfLayers[1]] : kindsOfLayers;
    return mixes.map((mix): KernelCase => {
      const drawOne = drawSized();
      const layers = mix.map((source) => ({
        inputs: draw.pick(inputSizes),
        outputs: draw.pick(sizes),
        source,
        tile: drawOne(),
      }));
      const batchSize = kind === 'integers' ? draw.pick([1, 2, 8, 32]) : draw.pick(batchSizes);
      const options: UpdateCase = { layers, batchSize, optimizer };
      const texts = layers.map(
        ({ inputs, outputs, source, tile }) =>
          `${inputs}→${outputs} from ${source}, ${tileText(tile)}`,
      );
      return {
        kernel: 'update',
        name: `update ${texts.join('; ')}, batch ${batchSize}, ${rule}, ${kind}`,
        run: (device) => checkUpdate(device, options, kind, seed),
      };
    });
  });
}

/** Forward and back in one dispatch, by single invocations and by whole workgroups. */
function fusedCases(draw: Samples, seed: number): KernelCase[] {
  return (['simple', 'splitK'] as const).flatMap((loop) =>
    [0, 1].flatMap((from) =>
      (['sigmoid', 'gelu'] as const).map((activation): KernelCase => {
        const [output, cost] = draw.pick(outputsAndCosts);
        const layers = [
          draw.pick(inputSizes),
          draw.pick(sizes),
          draw.pick(sizes),
          draw.pick(sizes),
        ];
        const options: FusedCase = {
          network: { layers, activation, output, cost },
          from,
          batchSize: draw.pick(batchSizes),
          tile: {
            loop,
            rows4: loop === 'simple' ? 1 : draw.pick([1, 2, 4]),
            workgroupSize: draw.pick(loop === 'simple' ? workgroupSizes : [32, 64, 128]),
          },
        };
        const { rows4, workgroupSize } = options.tile;
        return {
          kernel: 'forward and back',
          name: `forward and back ${layers.join('-')} from layer ${from}, batch ${options.batchSize}, ${activation}, ${output}, ${cost}, ${loop}, ${4 * rows4} rows, workgroups of ${workgroupSize}`,
          run: (device) => checkFused(device, options, seed),
        };
      }),
    ),
  );
}

/** Shapes at which every block of a tile counts, and every layer takes a workgroup several turns. */
function wholeTileCases(seed: number): KernelCase[] {
  const shared = { rows4: 3, columns4: 2, across: 2, tileK4: 3, workgroupSize: 16 };
  const tile: Tile = { loop: 'tiled', ...shared };
  const shape = { inputs: 33, outputs: 31, activation: 'gelu', batchSize: 100 } as const;
  const network: FusedCase['network'] = { layers: [9, 40, 40, 40], activation: 'tanh' };
  const fusedTile = { loop: 'splitK', rows4: 4, workgroupSize: 32 } as const;
  return [
    {
      kernel: 'forward',
      name: `forward, every block of a tile, ${tileText(tile)}`,
      run: (device) =>
        checkForward(device, { ...shape, source: 'activations', tile }, 'random', seed),
    },
    {
      kernel: 'forward and back',
      name: `forward and back in several turns, ${fusedTile.loop}`,
      run: (device) =>
        checkFused(device, { network, from: 0, batchSize: 33, tile: fusedTile }, seed),
    },
  ];
}

/** A NaN or an infinity must reach the cost, or set the flag of its layer. */
function nonFiniteCases(seed: number): KernelCase[] {
  const tile = { loop: 'simple', rows4: 1, columns4: 1, workgroupSize: 16 } as const;
  const shape = { inputs: 5, outputs: 6, tile };
  const layers = [
    { ...shape, source: 'samples' },
    { ...shape, source: 'activations' },
  ] as const;
  const ofZ = activations.filter((one) => activationFunction(one).slopeFrom === 'z');
  return [
    ...activations.map((one): KernelCase => ({
      kernel: 'forward',
      name: `forward with a NaN, ${one}`,
      run: (device) => checkNanForward(device, one),
    })),
    ...ofZ.map((one): KernelCase => ({
      kernel: 'hidden delta',
      name: `hidden delta with a NaN, ${one}`,
      run: (device) => checkNanSlope(device, one),
    })),
    ...outputsAndCosts.map(([output, cost]): KernelCase => ({
      kernel: 'output delta',
      name: `output delta and score with a NaN, ${output}, ${cost}`,
      run: (device) => checkNanCost(device, output, cost),
    })),
    ...Object.entries(updateRules).map(([rule, optimizer], i): KernelCase => ({
      kernel: 'update',
      name: `update with an infinite gradient of layer ${i % 2}, ${rule}`,
      run: (device) =>
        checkUpdate(
          device,
          { layers, batchSize: 8, optimizer, infiniteLayer: i % 2 },
          'random',
          seed,
        ),
    })),
    {
      kernel: 'clip',
      name: 'clip scale of an infinite norm',
      run: checkInfiniteClipScale,
    },
    ...(['gradient', 'scale'] as const).flatMap((notFinite) =>
      Object.entries(updateRules).flatMap(([rule, optimizer]): KernelCase[] =>
        optimizer
          ? [
              {
                kernel: 'clip',
                name: `apply gradients with an infinite ${notFinite === 'scale' ? 'norm' : notFinite}, ${rule}`,
                run: (device) =>
                  checkApplyGradients(
                    device,
                    { inputs: 5, outputs: 6, optimizer, workgroupSize: 16, notFinite },
                    'random',
                    seed,
                  ),
              },
            ]
          : [],
      ),
    ),
  ];
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
      name: `sums of squares of ${length} vec4s by ${sums}, ${kind}`,
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
