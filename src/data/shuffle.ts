import { Random, streams } from '../network/random.ts';

/**
 * The order in which an epoch visits the samples. It depends only on the arguments.
 * Fisher–Yates with unbiased draws makes every order equally likely.
 */
export function shuffledOrder(
  seed: number,
  epoch: number,
  sampleCount: number,
): Uint32Array<ArrayBuffer> {
  const order = fileOrder(sampleCount);
  const random = new Random(seed, streams.shuffling, epoch);
  for (let i = sampleCount - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    const held = order[i]!;
    order[i] = order[j]!;
    order[j] = held;
  }
  return order;
}

/** The order of the file: 0, 1, 2, … */
export function fileOrder(sampleCount: number): Uint32Array<ArrayBuffer> {
  const order = new Uint32Array(sampleCount);
  for (let i = 0; i < sampleCount; i++) order[i] = i;
  return order;
}
