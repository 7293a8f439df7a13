/** Every combination of the options that change a shader's structure, each at an even and a ragged size. */
import { applyGradients, clipScale, sumSquares } from '../../shaders/clip.ts';
import { forward } from '../../shaders/forward.ts';
import { fused } from '../../shaders/fused.ts';
import { hiddenDelta } from '../../shaders/hiddenDelta.ts';
import type { Kernel } from '../../shaders/kernel.ts';
import { softwareLoops, type Tile } from '../../shaders/matmul/matmul.ts';
import { deferred } from '../../shaders/optimizer.ts';
import { outputDelta } from '../../shaders/outputDelta.ts';
import { score } from '../../shaders/score.ts';
import { update } from '../../shaders/update.ts';
import { outputsAndCosts, updateRules } from '../../src/benchmark/verification/kernels.ts';
import { sgd } from '../../src/engine/optimizers.ts';
import { stepLayers } from '../../src/gpu/layers.ts';
import { updateRuleOf } from '../../src/gpu/optimizerScalars.ts';
import { activations } from '../../src/network/functions.ts';
import { persistentVariants } from './persistentVariants.ts';
import { probeVariants } from './probeVariants.ts';

const shapes = [
  { inputs: 784, outputs: 16, batchSize: 100 },
  { inputs: 17, outputs: 10, batchSize: 9 },
] as const;
const functions = { activation: 'relu', output: 'softmax', cost: 'cross-entropy' } as const;
const workgroupSize = 16;
const simple: Tile = { loop: 'simple', rows4: 2, columns4: 1, workgroupSize };
const fusedTiles = [
  { loop: 'simple', rows4: 1, workgroupSize },
  { loop: 'splitK', rows4: 1, workgroupSize: 64 },
  { loop: 'splitK', rows4: 2, workgroupSize: 256 },
] as const;

/** Every main loop beside the plain one. */
export const otherTiles: readonly Tile[] = [
  { loop: 'tiled', rows4: 1, columns4: 1, across: 16, tileK4: 8, workgroupSize: 256 },
  { loop: 'tiled', rows4: 2, columns4: 2, across: 8, tileK4: 3, workgroupSize: 64 },
  { loop: 'splitK', splitK: 2, across: 8, workgroupSize: 128 },
  { loop: 'splitK', splitK: 16, across: 4, workgroupSize: 256 },
  ...softwareLoops.map((loop) => ({ loop, rows4: 8, columns4: 2, workgroupSize })),
];

export function shaderVariants(): Kernel[] {
  return [...stepVariants(), ...loopVariants(), ...persistentVariants(), ...probeVariants()];
}

function stepVariants(): Kernel[] {
  return shapes.flatMap(({ inputs, outputs, batchSize }) => {
    const layers = [inputs, outputs, outputs];
    const all = stepLayers({ layers, ...functions }, batchSize);
    const rules = Object.values(updateRules);
    return [
      ...activations.flatMap((activation) => {
        const of = stepLayers({ layers, ...functions, activation }, batchSize);
        const [before, layer] = [of.layers[0]!, of.layers[1]!];
        return [
          forward({ layer: before, batchSize, tile: simple }),
          forward({ layer: { ...layer, activation }, batchSize, tile: simple }),
          hiddenDelta({ before, layer, batchSize, tile: simple }),
          ...[0, 1].flatMap((from) =>
            fusedTiles.map((tile) => fused({ ...of, from, batchSize, tile })),
          ),
        ];
      }),
      ...outputsAndCosts.flatMap(([output, cost]) => {
        const options = { layer: all.layers.at(-1)!, output, cost, batchSize, workgroupSize };
        return [outputDelta(options), score(options)];
      }),
      ...rules.map((rule) =>
        update({
          layers: all.layers.map((layer) => ({ ...layer, tile: simple })),
          ...{ batchSize, optimizer: rule ? updateRuleOf(rule) : deferred },
        }),
      ),
      ...rules.flatMap((optimizer) =>
        optimizer
          ? [
              applyGradients({
                length: 1000,
                offsets: [0, 208],
                optimizer: updateRuleOf(optimizer),
                workgroupSize,
              }),
            ]
          : [],
      ),
      sumSquares({ length: 1000, sums: 64, workgroupSize }),
      clipScale({ sums: 64, clipNorm: 1 }),
    ];
  });
}

/** The products by every other main loop; gelu, whose slope is made from z, keeps most. */
export function loopVariants(
  tiles = otherTiles,
  of: readonly (typeof shapes)[number][] = shapes,
): Kernel[] {
  return of.flatMap(({ inputs, outputs, batchSize }) => {
    const layers = [inputs, outputs, outputs];
    const all = stepLayers({ layers, ...functions, activation: 'gelu' }, batchSize);
    const optimizer = updateRuleOf(sgd({ learningRate: 1 }));
    return tiles.flatMap((tile) => [
      ...all.layers.map((layer) => forward({ layer, batchSize, tile })),
      hiddenDelta({ before: all.layers[0]!, layer: all.layers[1]!, batchSize, tile }),
      update({
        layers: all.layers.map((layer) => ({ ...layer, tile })),
        ...{ batchSize, optimizer },
      }),
    ]);
  });
}

/**
 * Main loops that share workgroup memory, staged in one turn or several. The workgroups are small, since SwiftShader takes
 * seconds to compile large ones.
 */
const sharedTiles: readonly Tile[] = [
  { loop: 'tiled', rows4: 1, columns4: 1, across: 4, tileK4: 2, workgroupSize: 16 },
  { loop: 'tiled', rows4: 2, columns4: 2, across: 2, tileK4: 3, workgroupSize: 8 },
  { loop: 'splitK', splitK: 2, across: 2, workgroupSize: 8 },
  { loop: 'splitK', splitK: 4, across: 4, workgroupSize: 16 },
];

/** Their kernels, for the shape whose sizes are no multiples. */
export function sharedVariants(): Kernel[] {
  return loopVariants(sharedTiles, [shapes[1]]);
}
