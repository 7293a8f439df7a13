/** The directions of mini-batches, compared with the direction of all digits. */
import type { Dataset } from '../../../data/dataset.ts';
import { shuffledOrder } from '../../../data/shuffle.ts';
import { sgd } from '../../../engine/optimizers.ts';
import { TimeSlice } from '../../../engine/timeSlice.ts';
import { Trainer } from '../../../training/trainer.ts';
import type { Task, TaskFunctions } from '../../worker/messages.ts';
import type { Course } from './course.ts';

const featureCount = 784;
export const deckSize = 10_000;
export const batchSizes = [1, 10, 100, 1000] as const;
/** For small mini-batches, a part of all is looked at. */
const mostNeedles = 60;
const cardsPerBatch = 100;

export interface DeckOrder {
  /** Shuffled, or all 0s first, then all 1s, … */
  readonly order: 'shuffled' | 'sorted';
  /** Another number gives another shuffle. */
  readonly shuffle: number;
}

export interface Needle {
  /** Position of the mini-batch in the deck. */
  readonly batch: number;
  /** Between its gradient and that of the whole deck, in degrees from 0 to 180. */
  readonly angle: number;
  readonly cosine: number;
}

export interface BatchSizeDirections {
  readonly size: number;
  readonly needles: readonly Needle[];
  readonly medianAngle: number;
  readonly medianCosine: number;
}

export interface Directions {
  readonly step: number;
  readonly deckSize: number;
  /** One for each of {@link batchSizes}. */
  readonly sizes: readonly BatchSizeDirections[];
}

/** A mini-batch of a hundred, to be drawn. */
export interface DealtBatch {
  readonly batch: number;
  /** [100, 784] */
  readonly pixels: Uint8Array;
}

export interface MiniBatchesTasks {
  directions: Task<DeckOrder, never, Directions>;
  /** Some mini-batches of a hundred, evenly spaced in the deck. */
  deal: Task<DeckOrder & { readonly count: number }, never, readonly DealtBatch[]>;
}

export const miniBatchesTasks = (
  course: () => Promise<Course>,
): TaskFunctions<MiniBatchesTasks> => ({
  directions: async (question, { signal }) => {
    const opened = await course();
    const deck = await opened.data.drawn(deckSize);
    const { network, step } = await opened.inTurn(async () => ({
      network: await opened.network(),
      step: opened.step,
    }));
    // A trainer of its own, so that the lesson's run goes on meanwhile.
    const trainer = await Trainer.create(network, {
      ...{ batchSize: cardsPerBatch, optimizer: sgd({ learningRate: 1 }) },
      ...{ backend: 'cpu', threads: 0 },
    });
    try {
      const order = orderOf(deck, question, opened.script.seed);
      const slice = new TimeSlice();
      const gradientOf = async (samples: Uint32Array): Promise<Float64Array> => {
        if (slice.isOver()) await slice.next();
        signal.throwIfAborted();
        return (await trainer.explainBatch(deck, samples)).gradient;
      };
      return { step, deckSize, sizes: await directionsOf(order, gradientOf) };
    } finally {
      await trainer.dispose();
    }
  },
  deal: async ({ count, ...question }) => {
    const opened = await course();
    const deck = await opened.data.drawn(deckSize);
    const order = orderOf(deck, question, opened.script.seed);
    const last = deckSize / cardsPerBatch - 1;
    return Array.from({ length: count }, (_, n) => {
      const batch = Math.round((n * last) / (count - 1));
      const pixels = new Uint8Array(cardsPerBatch * featureCount);
      const samples = order.subarray(batch * cardsPerBatch, (batch + 1) * cardsPerBatch);
      samples.forEach((sample, card) => {
        const from = sample * featureCount;
        pixels.set(deck.features.subarray(from, from + featureCount), card * featureCount);
      });
      return { batch, pixels };
    });
  },
});

/** The order of the deck's samples. */
export function orderOf(
  { labels, sampleCount }: Pick<Dataset, 'labels' | 'sampleCount'>,
  { order, shuffle }: DeckOrder,
  seed: number,
): Uint32Array {
  if (order === 'shuffled') return shuffledOrder(seed, shuffle, sampleCount);
  return Uint32Array.from(labels.keys()).sort((a, b) => labels[a]! - labels[b]! || a - b);
}

/**
 * Compares mini-batches of each size with the whole deck. The deck's gradient is the mean of those of its hundreds, and
 * that of a thousand is the mean of ten of them.
 */
export async function directionsOf(
  order: Uint32Array,
  gradientOf: (samples: Uint32Array) => Promise<Float64Array>,
): Promise<BatchSizeDirections[]> {
  const hundreds: Float64Array[] = [];
  for (let from = 0; from < order.length; from += cardsPerBatch) {
    hundreds.push(await gradientOf(order.subarray(from, from + cardsPerBatch)));
  }
  const full = mean(hundreds);
  const found: BatchSizeDirections[] = [];
  for (const size of batchSizes) {
    const count = Math.floor(order.length / size);
    const looked = size < cardsPerBatch ? Math.min(count, mostNeedles) : count;
    const needles: Needle[] = [];
    for (let n = 0; n < looked; n++) {
      // Evenly spaced in the deck.
      const batch = Math.floor((n * count) / looked);
      const perBatch = size / cardsPerBatch;
      const gradient =
        size < cardsPerBatch
          ? await gradientOf(order.subarray(batch * size, (batch + 1) * size))
          : mean(hundreds.slice(batch * perBatch, (batch + 1) * perBatch));
      needles.push({ batch, ...angleBetween(gradient, full) });
    }
    found.push({
      ...{ size, needles },
      medianAngle: median(needles.map(({ angle }) => angle)),
      medianCosine: median(needles.map(({ cosine }) => cosine)),
    });
  }
  return found;
}

function mean(gradients: readonly Float64Array[]): Float64Array {
  const sum = new Float64Array(gradients[0]!.length);
  for (const gradient of gradients) {
    for (let i = 0; i < sum.length; i++) sum[i]! += gradient[i]! / gradients.length;
  }
  return sum;
}

function angleBetween(
  a: Float64Array,
  b: Float64Array,
): { readonly angle: number; readonly cosine: number } {
  let [product, ofA, ofB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    product += a[i]! * b[i]!;
    ofA += a[i]! ** 2;
    ofB += b[i]! ** 2;
  }
  // A gradient of 0 has no direction; it counts as neither with the other nor against it.
  const size = Math.sqrt(ofA * ofB);
  const cosine = size > 0 ? Math.max(-1, Math.min(1, product / size)) : 0;
  return { cosine, angle: (Math.acos(cosine) * 180) / Math.PI };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}
