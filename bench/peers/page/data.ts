/** The data that Node serves for the page: bytes as they are, one file a set and kind. */
import { createDataset, type Dataset } from '../../../src/data/dataset.ts';

/** Where the page finds its data on the server. */
export const dataPath = '/peers-data/';

/** `first` is the beginning of the training set, for who needs a few mini-batches and no download. */
export const setNames = ['training', 'test', 'first'] as const;
export type SetName = (typeof setNames)[number];

/** Samples of `first`. */
export const firstSamples = 1000;

/** @throws when the server has no such file */
export async function fetchDataset(name: SetName): Promise<Dataset> {
  const [features, labels] = await Promise.all([
    fetchBytes(`${dataPath}${name}.features`),
    fetchBytes(`${dataPath}${name}.labels`),
  ]);
  const featureCount = features.length / labels.length;
  return createDataset({ name, featureCount, classCount: 10, features, labels });
}

async function fetchBytes(url: string): Promise<Uint8Array> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`The page could not fetch ${url} (HTTP ${response.status}).`);
  return new Uint8Array(await response.arrayBuffer());
}
