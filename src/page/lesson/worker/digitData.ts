/** The lesson's samples. Training begins with the first 2,000 digits, while the others are still being drawn. */
import { createDataset, type Dataset } from '../../../data/dataset.ts';
import { digitsRange } from '../../../data/digits/digits.ts';
import { TimeSlice } from '../../../engine/timeSlice.ts';
import { Random, streams } from '../../../network/random.ts';
import { restMs, type Pace } from './pace.ts';

const featureCount = 784;
const trainingCount = 60_000;
/** Samples that are drawn before the lesson opens. */
export const firstCount = 2_000;
/** Samples to draw before looking at the clock. */
const drawnAtOnce = 50;

/** Samples that the accuracy is measured on. */
const testCount = 2_000;

/** The training samples that a segment of the run uses. */
export interface Selection {
  readonly only: number | 'all';
  readonly labels: 'shuffled' | 'true';
}

/** Time for the page to show its first figures, before drawing takes the processor, unless something waits for it. */
const calmMs = 400;

/**
 * The number of training samples that an epoch beginning at this step uses. It doubles, so that training never waits
 * long for the drawing, and depends on nothing else, so that a run can be repeated.
 */
export function samplesAt(step: number): number {
  let size = firstCount;
  for (let end = size / 100; step >= end && size < trainingCount; end += size / 100) {
    size = Math.min(2 * size, trainingCount);
  }
  return size;
}

export class DigitData {
  /** The test samples. Training never sees them. */
  readonly test: Dataset;
  readonly #seed: number;
  /** Number of training samples in the end. */
  readonly #total: number;
  readonly #features: Uint8Array;
  readonly #labels: Uint8Array;
  readonly #selected = new Map<string, Dataset>();
  #count = 0;
  #isOver = false;
  #waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  private constructor(seed: number, test: Dataset, features: Uint8Array, labels: Uint8Array) {
    this.#seed = seed;
    this.test = test;
    this.#features = features;
    this.#labels = labels;
    this.#total = labels.length;
  }

  /**
   * Draws the test samples and the first training samples, which takes a tenth of a second, then the others.
   * @param isPlaying whether the run trains: at a sparing pace, others are drawn only then
   */
  static draw(seed: number, pace: Pace, isPlaying: () => boolean): DigitData {
    const test = digitsRange(seed, 'test', 0, testCount);
    const features = new Uint8Array(trainingCount * featureCount);
    const data = new DigitData(seed, test, features, new Uint8Array(trainingCount));
    data.#draw(firstCount);
    void data.#drawOthers(pace, isPlaying);
    return data;
  }

  /** Samples that the reader has, such as MNIST. */
  static of(seed: number, training: Dataset, test: Dataset): DigitData {
    const data = new DigitData(seed, test, training.features, training.labels);
    data.#count = training.sampleCount;
    return data;
  }

  /** Number of training samples drawn so far. */
  get count(): number {
    return this.#count;
  }

  /** The training samples for an epoch beginning at `step`. Waits until they are drawn. */
  async training(step: number, { only, labels }: Selection): Promise<Dataset> {
    const size = Math.min(samplesAt(step), this.#total);
    await this.drawn(size);
    const key = `${size} ${only} ${labels}`;
    const known = this.#selected.get(key);
    if (known) return known;
    // Selections are large, and few are used again.
    this.#selected.clear();
    const selected = this.#select(size, { only, labels });
    this.#selected.set(key, selected);
    return selected;
  }

  /** Waits until this many training samples are drawn, or all if there are fewer. @returns them, as views */
  async drawn(wanted: number): Promise<Dataset> {
    const count = Math.min(wanted, this.#total);
    if (this.#count < count) {
      await new Promise<void>((resolve) => this.#waiting.push({ count, resolve }));
    }
    return this.#view(count, this.#labels.subarray(0, count));
  }

  /** One training sample. */
  async sample(index: number): Promise<Dataset> {
    await this.drawn(index + 1);
    return createDataset({
      ...{ name: `training digit ${index}`, featureCount, classCount: 10 },
      features: this.#features.slice(index * featureCount, (index + 1) * featureCount),
      labels: this.#labels.slice(index, index + 1),
    });
  }

  /** Stops drawing. */
  dispose(): void {
    this.#isOver = true;
  }

  #select(size: number, { only, labels }: Selection): Dataset {
    const shown = labels === 'true' ? this.#labels.subarray(0, size) : this.#shuffled(size);
    if (only === 'all') return this.#view(size, shown);
    const chosen = [...shown.keys()].filter((index) => shown[index] === only);
    const features = new Uint8Array(chosen.length * featureCount);
    chosen.forEach((index, n) => {
      const from = index * featureCount;
      features.set(this.#features.subarray(from, from + featureCount), n * featureCount);
    });
    return createDataset({
      ...{ name: `training digits ${only}`, featureCount, classCount: 10, features },
      labels: new Uint8Array(chosen.length).fill(only),
    });
  }

  /** Random labels, which no network can learn from the images. */
  #shuffled(size: number): Uint8Array {
    const random = new Random(this.#seed, streams.lesson);
    return Uint8Array.from({ length: size }, () => random.integer(10));
  }

  #view(count: number, labels: Uint8Array): Dataset {
    return createDataset({
      ...{ name: `the first ${count} training digits`, featureCount, classCount: 10 },
      features: this.#features.subarray(0, count * featureCount),
      labels,
    });
  }

  async #drawOthers(pace: Pace, isPlaying: () => boolean): Promise<void> {
    const slice = new TimeSlice();
    const isIdle = () => this.#waiting.length === 0 && !this.#isOver;
    const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
    const calmUntil = performance.now() + calmMs;
    while (isIdle() && performance.now() < calmUntil) await pause(20);
    while (this.#count < this.#total && !this.#isOver) {
      await slice.next();
      const began = performance.now();
      while (!slice.isOver() && this.#count < this.#total) {
        this.#draw(Math.min(this.#total, this.#count + drawnAtOnce));
      }
      const ready = this.#waiting.filter(({ count }) => count <= this.#count);
      this.#waiting = this.#waiting.filter(({ count }) => count > this.#count);
      for (const { resolve } of ready) resolve();
      if (pace.rest === 0) continue;
      if (isIdle()) await pause(restMs(performance.now() - began, pace));
      while (isIdle() && !isPlaying()) await pause(pace.frameMs);
    }
  }

  #draw(end: number): void {
    const part = digitsRange(this.#seed, 'training', this.#count, end);
    this.#features.set(part.features, this.#count * featureCount);
    this.#labels.set(part.labels, this.#count);
    this.#count = end;
  }
}
