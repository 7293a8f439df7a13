/** Where the page finds its data on the server. */
export const dataPath = '/peers-data/';

/** `first` is the beginning of the training set, for who needs a few mini-batches and no download. */
export const setNames = ['training', 'test', 'first'] as const;
export type SetName = (typeof setNames)[number];

/** Samples of `first`. */
export const firstSamples = 1000;
