import { expect, it } from 'vitest';

import { checkExplanation } from '../../../src/benchmark/verification/explanation.ts';
import { Network } from '../../../src/network/network.ts';
import { sampleNudges, type SampleNudges } from '../../../src/reference/nudges.ts';

const network = new Network({ layers: [6, 5, 4], initializer: 'normal' });
const nudges = sampleNudges(network, [0, 0.2, 0.4, 0.6, 0.8, 1], 2);

it('finds nothing wrong with the reference', () => {
  expect(checkExplanation(network, nudges)).toBe(0);
});

it.each<[string, (right: SampleNudges) => SampleNudges]>([
  ['a nudge', (right) => ({ ...right, parameters: right.parameters.with(7, 1e-3) })],
  ['a prediction', (right) => ({ ...right, prediction: (right.prediction + 1) % 4 })],
  ['the cost', (right) => ({ ...right, cost: right.cost * (1 + 1e-5) })],
  ['an activation', (right) => withLayer(right, { a: right.layers[0]!.a.with(1, 0.5) })],
  ['a pre-activation', (right) => withLayer(right, { z: right.layers[0]!.a })],
  ['a wish', (right) => withLayer(right, { wishes: right.layers[0]!.wishes.toReversed() })],
  ['a sum', (right) => withLayer(right, { previous: right.layers[0]!.previous.map((x) => 2 * x) })],
  ['a missing value', (right) => withLayer(right, { a: right.layers[0]!.a.slice(1) })],
])('finds %s that is wrong', (_, plant) => {
  expect(checkExplanation(network, plant(nudges))).toBeGreaterThan(1);
});

function withLayer(right: SampleNudges, change: Partial<SampleNudges['layers'][0]>): SampleNudges {
  const [first, ...others] = right.layers;
  return { ...right, layers: [{ ...first!, ...change }, ...others] };
}
