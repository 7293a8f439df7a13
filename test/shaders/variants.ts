/** Every combination of the options that change a shader's structure, each at an even and a ragged size. */
import { applyGradients } from '../../shaders/applyGradients.ts';
import { clipScale } from '../../shaders/clipScale.ts';
import { forward } from '../../shaders/forward.ts';
import { hiddenDelta } from '../../shaders/hiddenDelta.ts';
import type { Kernel } from '../../shaders/kernel.ts';
import { deferred } from '../../shaders/optimizer.ts';
import { outputDelta } from '../../shaders/outputDelta.ts';
import { score } from '../../shaders/score.ts';
import { update } from '../../shaders/update.ts';
import { sumSquares } from '../../shaders/sumSquares.ts';
import { outputsAndCosts, updateRules } from '../../src/benchmark/verification/kernels.ts';
import { activations } from '../../src/network/functions.ts';
import { probeVariants } from './probeVariants.ts';

const shapes = [
  {
    inputs: 784,
    outputs: 16,
    batchSize: 100,
    rows: 104,
    tileRows: 8,
    tileQuads: 2,
    workgroupSize: 16,
  },
  { inputs: 17, outputs: 10, batchSize: 9, rows: 9, tileRows: 1, tileQuads: 1, workgroupSize: 64 },
] as const;
const sources = ['samples', 'activations'] as const;
const rules = Object.values(updateRules);

export function shaderVariants(): Kernel[] {
  return [...stepVariants(), ...probeVariants()];
}

function stepVariants(): Kernel[] {
  return shapes.flatMap((shape) => [
    ...activations.flatMap((activation) => [
      ...sources.map((source) => forward({ ...shape, activation, source })),
      hiddenDelta({ ...shape, activation }),
    ]),
    ...outputsAndCosts.flatMap(([output, cost]) => [
      outputDelta({ ...shape, output, cost }),
      score({ ...shape, output, cost }),
    ]),
    ...sources.flatMap((source) =>
      rules.map((rule) => update({ ...shape, source, layer: 1, optimizer: rule ?? deferred })),
    ),
    ...rules.flatMap((optimizer) =>
      optimizer ? [applyGradients({ ...shape, length: 1000, optimizer })] : [],
    ),
    sumSquares({ ...shape, length: 1000, sums: 64 }),
    clipScale({ sums: 64, clipNorm: 1 }),
  ]);
}
