/** Identifies a dataset by its content. */
import type { Dataset } from '../data/dataset.ts';
import { sha256 } from '../formats/sha256.ts';

/** The sizes and the content of a dataset. */
export interface DatasetFingerprint {
  readonly name: string;
  readonly sampleCount: number;
  readonly featureCount: number;
  readonly classCount: number;
  /** SHA-256 of the bytes. */
  readonly features: string;
  readonly labels: string;
}

const known = new WeakMap<Dataset, Promise<DatasetFingerprint>>();

/**
 * Computed once per dataset object, so bytes that change later are not noticed.
 * @throws {ConfigurationError} in a page from an insecure origin
 */
export function fingerprintOf(dataset: Dataset): Promise<DatasetFingerprint> {
  let found = known.get(dataset);
  if (!found) {
    found = compute(dataset);
    known.set(dataset, found);
    found.catch(() => known.delete(dataset));
  }
  return found;
}

async function compute(dataset: Dataset): Promise<DatasetFingerprint> {
  const { name, sampleCount, featureCount, classCount, features, labels } = dataset;
  return {
    ...{ name, sampleCount, featureCount, classCount },
    features: await sha256(features),
    labels: await sha256(labels),
  };
}

/** Whether both are of the same data. The names do not matter. */
export function isSameData(one: DatasetFingerprint, other: DatasetFingerprint): boolean {
  const fields = ['sampleCount', 'featureCount', 'classCount', 'features', 'labels'] as const;
  return fields.every((field) => one[field] === other[field]);
}

/** "'mnist training set' (60000 samples of 784 features in 10 classes, SHA-256 0123456789ab…)" */
export function describeFingerprint(fingerprint: DatasetFingerprint): string {
  const { name, sampleCount, featureCount, classCount, features, labels } = fingerprint;
  return (
    `'${name}' (${sampleCount} samples of ${featureCount} features in ${classCount} classes, ` +
    `SHA-256 ${features.slice(0, 12)}… and ${labels.slice(0, 12)}…)`
  );
}
