/** Every way in which tiles share a workgroup's work, in every kernel that has tiles, at an even and a ragged size. */
import { forward } from '../../shaders/forward.ts';
import { hiddenDelta } from '../../shaders/hiddenDelta.ts';
import type { Kernel } from '../../shaders/kernel.ts';
import { sharedFused } from '../../shaders/sharedFused.ts';
import type { Sharing } from '../../shaders/tile.ts';
import { update } from '../../shaders/update.ts';
import { stepLayers, type StepLayers } from '../../src/gpu/layers.ts';
import { sgd } from '../../src/engine/optimizers.ts';

const shapes = [
  { inputs: 784, outputs: 64, batchSize: 128, rows: 128 },
  { inputs: 17, outputs: 10, batchSize: 9, rows: 12 },
] as const;

export const sharings: readonly Sharing[] = [
  { workgroupSize: 256, across: 16, slices: 1, depth: 16 },
  { workgroupSize: 256, across: 16, slices: 1, depth: 8, ahead: true },
  { workgroupSize: 128, across: 8, slices: 2, depth: 16 },
  { workgroupSize: 256, across: 8, slices: 16, depth: 0 },
];

const lanes = { workgroupSize: 64, broadcast: 0 };
const optimizer = sgd({ learningRate: 1 });

/** Two layers, of which the first reads samples; gelu, whose slope is made from z, keeps most. */
export function variantLayers(inputs: number, outputs: number, rows: number): StepLayers {
  const functions = { activation: 'gelu', output: 'softmax', cost: 'cross-entropy' } as const;
  return stepLayers({ layers: [inputs, outputs, outputs], ...functions }, rows);
}

export function sharedVariants(): Kernel[] {
  return shapes.flatMap(({ inputs, outputs, batchSize, rows }) => {
    const all = variantLayers(inputs, outputs, rows);
    const ofTiles = sharings.flatMap((shared) => {
      const tile = { rows: 4, quads: 1, shared };
      const layers = all.update.map((layer) => ({ ...layer, tile: { ...tile, rows: 1 } }));
      return [
        ...all.forward.map((layer) => forward({ layer, batchSize, rows, tile, lanes })),
        hiddenDelta({ layer: all.hiddenDelta[0]!, rows, tile, lanes }),
        update({ layers, batchSize, rows, optimizer, lanes }),
      ];
    });
    const ofFused = [0, 1].flatMap((from) =>
      [64, 256].map((workgroupSize) =>
        sharedFused({
          forward: all.forward.slice(from),
          output: all.output,
          hiddenDelta: all.hiddenDelta,
          batchSize,
          rows,
          tileRows: 4,
          workgroupSize,
        }),
      ),
    );
    return [...ofTiles, ...ofFused];
  });
}

/** A third of them, with every kernel and every sharing among them, for tests that compile them all. */
export function someSharedVariants(): Kernel[] {
  return sharedVariants().filter((_, i) => i % 3 === 0);
}
