/** Every combination of the options that change a shader's structure, each at an even and a ragged size. */
import { applyGradients } from '../../shaders/applyGradients.ts';
import { clipScale } from '../../shaders/clipScale.ts';
import { forward } from '../../shaders/forward.ts';
import { fused } from '../../shaders/fused.ts';
import { fusedTable } from '../../shaders/fusedTable.ts';
import { hiddenDelta } from '../../shaders/hiddenDelta.ts';
import type { Kernel } from '../../shaders/kernel.ts';
import { deferred } from '../../shaders/optimizer.ts';
import { outputDelta } from '../../shaders/outputDelta.ts';
import { score } from '../../shaders/score.ts';
import { sumSquares } from '../../shaders/sumSquares.ts';
import type { Lanes } from '../../shaders/tile.ts';
import { update } from '../../shaders/update.ts';
import { outputsAndCosts, updateRules } from '../../src/benchmark/verification/kernels.ts';
import { stepLayers } from '../../src/gpu/layers.ts';
import { activations } from '../../src/network/functions.ts';
import { persistentVariants } from './persistentVariants.ts';
import { probeVariants } from './probeVariants.ts';
import { sharedVariants } from './sharedVariants.ts';
import { texturedVariants } from './texturedVariants.ts';

const alone: Lanes = { workgroupSize: 16, broadcast: 0 };
const sharing: Lanes = { workgroupSize: 4, broadcast: 4 };
const shapes = [
  { inputs: 784, outputs: 16, batchSize: 100, rows: 104, tile: { rows: 8, quads: 2 } },
  { inputs: 17, outputs: 10, batchSize: 9, rows: 12, tile: { rows: 4, quads: 1 } },
] as const;
const eachLanes = [alone, sharing] as const;
const rules = Object.values(updateRules);

export function shaderVariants(): Kernel[] {
  return [
    ...stepVariants(),
    ...sharedVariants(),
    ...texturedVariants(),
    ...persistentVariants(),
    ...probeVariants(),
  ];
}

function stepVariants(): Kernel[] {
  return shapes.flatMap((shape) => {
    const { inputs, outputs, batchSize, rows, tile } = shape;
    const all = stepLayers({ layers: [inputs, outputs, outputs], ...functions }, rows);
    const { workgroupSize } = alone;
    return [
      ...activations.flatMap((activation) => {
        const of = stepLayers(
          { layers: [inputs, outputs, outputs], ...functions, activation },
          rows,
        );
        const hidden = { layer: of.hiddenDelta[0]!, rows, tile };
        return eachLanes.flatMap((lanes) => [
          forward({ layer: of.forward[0]!, batchSize, rows, tile, lanes }),
          forward({ layer: { ...of.forward[1]!, activation }, batchSize, rows, tile, lanes }),
          hiddenDelta({ ...hidden, lanes }),
        ]);
      }),
      ...activations.flatMap((activation) =>
        [0, 1].flatMap((from) => {
          const of = stepLayers(
            { layers: [inputs, outputs, outputs], ...functions, activation },
            rows,
          );
          const options = {
            forward: of.forward.slice(from),
            output: of.output,
            hiddenDelta: of.hiddenDelta,
            batchSize,
            rows,
            workgroupSize,
          };
          return [fused({ ...options, tileRows: 4 }), fusedTable(options)];
        }),
      ),
      ...outputsAndCosts.flatMap(([output, cost]) => {
        const layer = { ...all.output, output, cost };
        const { activationsAt } = layer;
        return [
          outputDelta({ layer, batchSize, rows, workgroupSize }),
          score({ outputs, output, cost, activationsAt, batchSize, rows, workgroupSize }),
        ];
      }),
      ...rules.flatMap((rule) =>
        eachLanes.map((lanes) =>
          update({
            layers: all.update.map((layer) => ({ ...layer, tile: { rows: 4, quads: 1 } })),
            batchSize,
            rows,
            optimizer: rule ?? deferred,
            lanes,
          }),
        ),
      ),
      ...rules.flatMap((optimizer) =>
        optimizer
          ? [applyGradients({ length: 1000, offsets: [0, 208], optimizer, workgroupSize })]
          : [],
      ),
      sumSquares({ length: 1000, sums: 64, workgroupSize }),
      clipScale({ sums: 64, clipNorm: 1 }),
    ];
  });
}

const functions = { activation: 'relu', output: 'softmax', cost: 'cross-entropy' } as const;
