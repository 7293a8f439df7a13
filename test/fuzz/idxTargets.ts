/** Hostile files of samples: gzip, IDX and MNIST. */
import assert from 'node:assert/strict';
import { gunzipSync, gzipSync } from 'node:zlib';

import fc from 'fast-check';

import { gunzip } from '../../src/data/gzip.ts';
import { readIdx } from '../../src/data/idx.ts';
import { readMnist, type MnistRole } from '../../src/data/mnist.ts';
import { makeIdx, makeTinyMnist } from '../support/idxFiles.ts';
import { damaged } from './damage.ts';
import { product, target, type Target } from './target.ts';

/** Far more than any case here holds, and little enough that a case beyond it would show in the time taken. */
const limitBytes = 2 ** 16;

export const payload = fc.uint8Array({ maxLength: 200 });
const gzipped = fc
  .tuple(payload, fc.nat(9))
  .map(([bytes, level]) => new Uint8Array(gzipSync(bytes, { level })));
export const idx = fc
  .array(fc.nat(4), { minLength: 1, maxLength: 4 })
  .map((shape) => makeIdx(shape, [...Array(product(shape)).keys()]));
/** A header that says anything, before any elements. */
const boastful = fc
  .tuple(
    fc.array(fc.oneof(fc.nat(3), fc.constantFrom(2 ** 16, 2 ** 31, 2 ** 32 - 1)), { maxLength: 9 }),
    payload,
  )
  .map(([shape, elements]) => makeIdx(shape, elements));
/** Packed with a right checksum, so that what is wrong within reaches the reader. */
export const maybePacked = (bytes: fc.Arbitrary<Uint8Array>) =>
  fc
    .tuple(bytes, fc.boolean())
    .map(([file, isPacked]) => (isPacked ? new Uint8Array(gzipSync(file)) : file));
const hostileIdx = fc.oneof(
  fc.uint8Array({ maxLength: 64 }),
  damaged(maybePacked(idx)),
  maybePacked(damaged(idx)),
  maybePacked(boastful),
);

const tinyMnist = Object.entries(makeTinyMnist()) as readonly [MnistRole, Uint8Array][];
const hostileMnist = fc
  .tuple(
    ...tinyMnist.map(([, file]) => {
      const whole = fc.constant(file);
      return fc.oneof(whole, whole, damaged(whole), maybePacked(damaged(whole)));
    }),
  )
  .map((files) => Object.fromEntries(tinyMnist.map(([role], n) => [role, files[n]!])));

export const idxTargets: readonly Target[] = [
  target('gzip', damaged(gzipped), async (file) => {
    const bytes = await gunzip(file, limitBytes);
    assert.ok(Buffer.from(bytes).equals(gunzipSync(file)));
  }),
  target('idx', hostileIdx, async (file) => {
    const { shape, data } = await readIdx(file, { limitBytes });
    assert.equal(data.length, product(shape));
    assert.ok(data.length <= limitBytes);
  }),
  target('mnist', hostileMnist, async (files) => {
    const { training, test } = await readMnist(files as Record<MnistRole, Uint8Array>);
    for (const { sampleCount, featureCount, features, labels } of [training, test]) {
      assert.equal(features.length, sampleCount * featureCount);
      assert.ok(labels.length === sampleCount && labels.every((label) => label < 10));
    }
  }),
];
