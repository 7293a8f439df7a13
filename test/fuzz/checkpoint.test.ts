/** Hostile bytes: whatever is in a checkpoint file, resuming ends in a trainer or in a typed error. */
import { expect, test } from 'vitest';

import { FormatError, NudgeError } from '../../src/errors.ts';
import { readCheckpoint } from '../../src/training/checkpoint.ts';
import { Trainer } from '../../src/training/trainer.ts';
import { rejectionOf } from '../support/failure.ts';
import {
  checkCheckpoint,
  fileOf,
  partsOf,
  resealed,
  smallCheckpoint as small,
} from './tensorTargets.ts';

const { header, data } = partsOf(small);

test('the checksum is SHA-256 of the file with zeros in its place', () => {
  expect(resealed(small)).toEqual(small);
});

test('a file cut at any length is refused', async () => {
  for (let length = 0; length < small.length; length++) {
    const before = small.slice(0, length);
    const bytes = before.slice();
    expect(await rejectionOf(readCheckpoint(bytes)), `${length} bytes`).toBeInstanceOf(FormatError);
    // The reader writes zeros into the checksum for a moment.
    expect(Buffer.from(bytes).equals(before)).toBe(true);
  }
  expect((await readCheckpoint(small)).position.step).toBe(3);
});

test('a file with any one bit flipped is refused', async () => {
  for (let bit = 0; bit < 8 * small.length; bit++) {
    const bytes = small.slice();
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    const error = await rejectionOf(readCheckpoint(bytes));
    if (!(error instanceof FormatError)) expect.fail(`bit ${bit}: ${String(error)}`);
  }
});

/** Replaces a part of the header's text. A text of another length moves the data, and the header's length with it. */
const withHeader = (change: (text: string) => string) => resealed(fileOf(change(header), data));

const numbers = [
  '-1',
  '0',
  '0.5',
  '1e400',
  '9e15',
  '99999999999',
  'null',
  'true',
  '[]',
  '{}',
  '""',
];

test('any other number in the settings is refused, or gives a trainer or a typed error', async () => {
  const places = [...header.matchAll(/\\":(-?[\d.e+-]+|true|false|null)/g)];
  expect(places.length).toBeGreaterThan(15);
  let resumed = 0;
  for (const place of places) {
    for (const value of numbers) {
      const begin = place.index + 3;
      const bytes = withHeader(
        (all) =>
          all.slice(0, begin) + value.replaceAll('"', '\\"') + all.slice(begin + place[1]!.length),
      );
      try {
        await (await Trainer.resume(bytes)).dispose();
        resumed++;
      } catch (error) {
        if (!(error instanceof NudgeError)) throw error;
      }
    }
  }
  expect(resumed).toBeGreaterThan(0);
});

test('changed data with a right checksum is refused or read whole', async () => {
  let refused = 0;
  for (let at = small.length - data.length; at < small.length; at++) {
    const bytes = small.slice();
    bytes[at] = 0xff;
    if (at % 8 === 7) bytes[at - 1] = 0xff; // NaN
    const error = await checkCheckpoint(resealed(bytes)).catch((reason: unknown) => reason);
    if (error instanceof FormatError) refused++;
    else expect(error).toBeUndefined();
  }
  expect(refused).toBeGreaterThan(40);
});

test.each(['checkpoint.sequence', 'checkpoint.sha256'])(
  'a message shows %s without characters that a terminal obeys',
  async (key) => {
    const bytes = small.slice();
    bytes[8 + header.indexOf(`"${key}":"`) + key.length + 4] = 0x9b;
    const file = key === 'checkpoint.sequence' ? resealed(bytes) : bytes;
    const { message } = (await rejectionOf(readCheckpoint(file))) as Error;
    expect(message).toContain('\\u009b');
    expect(message).not.toContain('\x9b');
  },
);

test('a message shows a text that is no JSON without characters that a terminal obeys', async () => {
  const bytes = withHeader((text) => text.replace(/"checkpoint.dataset":"/, '$&\\u202e'));
  const { message } = (await rejectionOf(readCheckpoint(bytes))) as Error;
  expect(message).toContain('\\u202e');
  expect(message).not.toContain('\u202e');
});

test('a header that claims large networks is refused without the memory for them', async () => {
  const layers = (sizes: string) =>
    withHeader((text) => text.replace('"layers":"2,3,2"', `"layers":"${sizes}"`));
  for (const sizes of ['60000,60000,2', '2,9999999999,2', '1,'.repeat(300_000) + '1', '', 'x']) {
    expect(await rejectionOf(readCheckpoint(layers(sizes)))).toBeInstanceOf(FormatError);
  }
  const deep = withHeader((text) =>
    text.replace('"checkpoint.note":"a note"', `"checkpoint.dataset":"${'['.repeat(1e6)}"`),
  );
  expect(await rejectionOf(readCheckpoint(deep))).toBeInstanceOf(FormatError);
  const long = withHeader((text) => text.replace('a note', 'n'.repeat(2 ** 22)));
  expect(await rejectionOf(readCheckpoint(long))).toBeInstanceOf(FormatError);
});
