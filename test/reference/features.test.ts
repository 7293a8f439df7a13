import { expect, it } from 'vitest';
import { createDataset } from '../../src/data/dataset.ts';
import { featureValues, labelsOf } from '../../src/reference/features.ts';

it('reads bytes as byte/255, and labels, in the order asked for', () => {
  const dataset = createDataset({
    name: 'three',
    featureCount: 2,
    classCount: 9,
    features: Uint8Array.of(0, 255, 51, 102, 1, 254),
    labels: Uint8Array.of(6, 7, 8),
  });
  expect([...featureValues(dataset, [2, 0, 2])]).toEqual(
    [1, 254, 0, 255, 1, 254].map((b) => b / 255),
  );
  expect([...labelsOf(dataset, [2, 0, 2])]).toEqual([8, 6, 8]);
});
