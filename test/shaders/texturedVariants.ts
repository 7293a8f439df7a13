/** Every kernel whose operands may come from textures, with the copies it needs, at an even and a ragged size. */
import { forward } from '../../shaders/forward.ts';
import { hiddenDelta } from '../../shaders/hiddenDelta.ts';
import { withCopies, type Kernel } from '../../shaders/kernel.ts';
import { update } from '../../shaders/update.ts';
import { sgd } from '../../src/engine/optimizers.ts';
import { variantLayers } from './sharedVariants.ts';

const shapes = [
  { inputs: 784, outputs: 64, batchSize: 128, rows: 128, tile: { rows: 8, quads: 2 } },
  { inputs: 17, outputs: 10, batchSize: 9, rows: 12, tile: { rows: 4, quads: 1 } },
] as const;

export function texturedVariants(): Kernel[] {
  return shapes.flatMap(({ inputs, outputs, batchSize, rows, tile: shape }) => {
    const all = variantLayers(inputs, outputs, rows);
    const tile = { ...shape, fromTextures: true };
    const layers = all.update.map((layer) => ({ ...layer, tile: { ...tile, rows: 4 } }));
    const optimizer = sgd({ learningRate: 1 });
    const alone = { workgroupSize: 16, broadcast: 0 };
    const quads = { workgroupSize: 4, broadcast: 4 };
    return [alone, quads].flatMap((lanes) =>
      withCopies([
        ...all.forward.map((layer) => forward({ layer, batchSize, rows, tile, lanes })),
        hiddenDelta({ layer: all.hiddenDelta[0]!, rows, tile, lanes }),
        update({ layers, batchSize, rows, optimizer, lanes }),
      ]),
    );
  });
}
