import type { JobData } from '../../benchmark/trainJob.ts';
import type { DataDescription } from './protocol.ts';

/** Enough samples for three of each digit. */
const previewCount = 200;

/** Counts, and a preview of the training set. */
export function describeData({ training, test }: JobData): DataDescription {
  const { name, sampleCount, featureCount, features, labels } = training;
  const count = Math.min(previewCount, sampleCount);
  return {
    name,
    trainingCount: sampleCount,
    testCount: test.sampleCount,
    // Posting a view would copy the buffer of the whole set, so these are small copies.
    preview: { features: features.slice(0, count * featureCount), labels: labels.slice(0, count) },
  };
}
