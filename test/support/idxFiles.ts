/** IDX files made by hand, and packed by zlib rather than by the code under test. */
import { gzipSync } from 'node:zlib';
import type { MnistRole } from '../../src/data/mnist.ts';

/** The file of `data` in the shape `shape`, whether or not the two agree. */
export function makeIdx(shape: readonly number[], data: ArrayLike<number>): Uint8Array {
  const header = [0, 0, 8, shape.length];
  for (const size of shape) {
    header.push(Math.floor(size / 2 ** 24), (size >>> 16) & 255, (size >>> 8) & 255, size & 255);
  }
  const file = new Uint8Array(header.length + data.length);
  file.set(header);
  file.set(data, header.length);
  return file;
}

/** Packed, without a name or a time. */
export function pack(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(gzipSync(bytes));
}

/** The four files of a set of 2 × 3 pixel images: pixel i is i, label i is i modulo 10. */
export function makeTinyMnist(trainingCount = 12, testCount = 5): Record<MnistRole, Uint8Array> {
  const counting = (length: number, modulo: number) => Array.from({ length }, (_, i) => i % modulo);
  return {
    trainingImages: makeIdx([trainingCount, 2, 3], counting(trainingCount * 6, 256)),
    trainingLabels: makeIdx([trainingCount], counting(trainingCount, 10)),
    testImages: makeIdx([testCount, 2, 3], counting(testCount * 6, 256)),
    testLabels: makeIdx([testCount], counting(testCount, 10)),
  };
}
