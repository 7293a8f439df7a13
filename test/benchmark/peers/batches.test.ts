import { describe, expect, it, test } from 'vitest';

import { batchesOf, layerTensors, transposed } from '../../../src/benchmark/peers/batches.ts';
import { createDataset } from '../../../src/data/dataset.ts';
import { Network } from '../../../src/network/network.ts';

describe('mini-batches', () => {
  const dataset = createDataset({
    name: 'five',
    featureCount: 2,
    classCount: 3,
    features: Uint8Array.of(0, 255, 51, 102, 0, 0, 255, 0, 1, 1),
    labels: Uint8Array.of(2, 0, 1, 1, 0),
  });
  const batches = [...batchesOf(dataset, 2)];

  it('are whole ones, in the order of the file', () => {
    expect(batches).toHaveLength(2);
    expect([...batches[1]!.features]).toEqual([0, 0, 1, 0]);
  });

  it('have features from 0 to 1', () => {
    expect([...batches[0]!.features]).toEqual([0, 1, 0.2, 0.4].map(Math.fround));
  });

  it('have a 1 at each label', () => {
    expect([...batches[0]!.oneHot]).toEqual([0, 0, 1, 1, 0, 0]);
  });
});

test('a matrix is transposed', () => {
  expect([...transposed(Float32Array.of(1, 2, 3, 4, 5, 6), 2, 3)]).toEqual([1, 4, 2, 5, 3, 6]);
});

test('the layers of a network have its parameters, weights from inputs to outputs', () => {
  const network = new Network(
    { layers: [2, 3, 1] },
    Float32Array.from({ length: 13 }, (_, index) => index),
  );
  const layers = layerTensors(network).map(({ weights, biases }) => [[...weights], [...biases]]);
  expect(layers).toEqual([
    [
      [0, 2, 4, 1, 3, 5],
      [6, 7, 8],
    ],
    [[9, 10, 11], [12]],
  ]);
});
