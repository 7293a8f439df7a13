/** What was loaded, in little. */
import type { JobData } from '../../benchmark/trainJob.ts';
import type { DataDescription } from './protocol.ts';

/** Samples of which a reader sees some: enough that there are three of each digit. */
const previewCount = 200;

export function describeData({ training, test }: JobData): DataDescription {
  const { name, sampleCount, featureCount, features, labels } = training;
  const count = Math.min(previewCount, sampleCount);
  return {
    name,
    trainingCount: sampleCount,
    testCount: test.sampleCount,
    // Copies: a view would take the whole set along.
    preview: { features: features.slice(0, count * featureCount), labels: labels.slice(0, count) },
  };
}
