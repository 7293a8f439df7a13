/** gzip and IDX come back as they were packed; files that unpack to far more than they claim do not come in. */
import fc from 'fast-check';
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { gunzip } from '../../src/data/gzip.ts';
import { readIdx } from '../../src/data/idx.ts';
import { FormatError } from '../../src/errors.ts';
import { rejectionOf } from '../support/failure.ts';
import { makeIdx } from '../support/idxFiles.ts';
import { idx, maybePacked } from './idxTargets.ts';

test('gunzip gives back what zlib packed', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 200 }),
      fc.integer({ min: 0, max: 9 }),
      async (bytes, level) => {
        const file = new Uint8Array(gzipSync(bytes, { level }));
        expect(await gunzip(file, bytes.length)).toEqual(bytes);
      },
    ),
    { numRuns: 300 },
  );
});

test('readIdx gives back any shape and elements that were written', async () => {
  await fc.assert(
    fc.asyncProperty(maybePacked(idx), async (file) => {
      const { shape, data } = await readIdx(file);
      expect(Buffer.from(makeIdx(shape, data))).toEqual(
        Buffer.from(file[0] === 0x1f ? gunzipSync(file) : file),
      );
    }),
    { numRuns: 300 },
  );
});

test('hostile files end in a FormatError', async () => {
  const bomb = gzipSync(makeIdx([28], new Uint8Array(2 ** 26)));
  const bombWithinBomb = gzipSync(bomb);
  const hostile = [
    new Uint8Array(0),
    makeIdx([2 ** 32 - 1, 2 ** 32 - 1], []),
    gzipSync(makeIdx([2 ** 32 - 1, 2 ** 32 - 1], [])),
    gzipSync(makeIdx([2 ** 30], [])),
    bomb,
    bombWithinBomb,
    gzipSync(new Uint8Array(2 ** 26)),
    gzipSync(''),
    Buffer.concat([gzipSync(makeIdx([2], [])), gzipSync(Uint8Array.of(1, 2))]),
    Buffer.concat([gzipSync(makeIdx([1], [1])), gzipSync(makeIdx([1], [1]))]),
  ];
  for (const [i, file] of hostile.entries()) {
    const error = await rejectionOf(readIdx(new Uint8Array(file)));
    expect(error, `hostile file ${i}`).toBeInstanceOf(FormatError);
  }
});
