import type { Dataset } from '../data/dataset.ts';

/** Caches the object made for the most recent dataset, because runs evaluate the same test set repeatedly. */
export class Kept<T extends { readonly dataset: Dataset; dispose(): void }> {
  #last: T | undefined;

  /** @param make called when the dataset changes; the previous object is disposed of first */
  async of(dataset: Dataset, make: () => Promise<T>): Promise<T> {
    if (this.#last?.dataset === dataset) return this.#last;
    this.dispose();
    this.#last = await make();
    return this.#last;
  }

  dispose(): void {
    this.#last?.dispose();
    this.#last = undefined;
  }
}
