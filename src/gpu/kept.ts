import type { Dataset } from '../data/dataset.ts';

/** What was made for the dataset used last: it is kept, since runs evaluate the same test set again and again. */
export class Kept<T extends { readonly dataset: Dataset; dispose(): void }> {
  #last: T | undefined;

  /** @param make is called for another dataset than the last one; what was made for that one is disposed of first */
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
