/** Small random networks and datasets, the same ones every time a test runs. */
import { createDataset, type Dataset } from '../../src/data/dataset.ts';
import type { Cost, Output } from '../../src/network/functions.ts';
import { Random } from '../../src/network/random.ts';

/** Every output and cost that go together. */
export const outputsAndCosts: readonly (readonly [Output, Cost])[] = [
  ['sigmoid', 'squared-error'],
  ['linear', 'squared-error'],
  ['softmax', 'squared-error'],
  ['sigmoid', 'cross-entropy'],
  ['softmax', 'cross-entropy'],
];

/** A stream that nothing in `src` draws from. */
const testStream = 1000;

export function testRandom(index: number): Random {
  return new Random(2026, testStream, index);
}

/** Independent standard normal numbers. */
export function normals(random: Random, count: number): Float64Array {
  return Float64Array.from({ length: count }, () => random.normal());
}

/** Random bytes, three of four 0 as in an image of a digit, with random labels. */
export function randomDataset(
  random: Random,
  sampleCount: number,
  featureCount: number,
  classCount: number,
): Dataset {
  return createDataset({
    name: 'random',
    featureCount,
    classCount,
    features: Uint8Array.from({ length: sampleCount * featureCount }, () =>
      random.integer(4) === 0 ? random.integer(256) : 0,
    ),
    labels: Uint8Array.from({ length: sampleCount }, () => random.integer(classCount)),
  });
}

/**
 * Samples that can be learned, though not without mistakes: each class is a random pattern, and each
 * sample its class's pattern with every feature replaced at random with the given chance.
 */
export function noisyPatterns(
  random: Random,
  options: { sampleCount: number; featureCount: number; classCount: number; noise: number },
): Dataset {
  const { sampleCount, featureCount, classCount, noise } = options;
  const patterns = Array.from({ length: classCount * featureCount }, () => random.integer(256));
  const labels = Uint8Array.from({ length: sampleCount }, (_, n) => n % classCount);
  const features = Uint8Array.from({ length: sampleCount * featureCount }, (_, k) => {
    const label = labels[Math.floor(k / featureCount)]!;
    return random.uniform() < noise
      ? random.integer(256)
      : patterns[label * featureCount + (k % featureCount)]!;
  });
  return createDataset({ name: 'noisy patterns', featureCount, classCount, features, labels });
}
