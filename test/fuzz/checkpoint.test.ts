/** Hostile bytes: whatever is in a checkpoint file, resuming ends in a trainer or in a typed error. */
import { createHash } from 'node:crypto';

import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';

import { createDataset } from '../../src/data/dataset.ts';
import { adam } from '../../src/engine/optimizers.ts';
import { cosineDecay } from '../../src/engine/schedules.ts';
import { FormatError, NudgeError } from '../../src/errors.ts';
import { Network } from '../../src/network/network.ts';
import { readCheckpoint, type Checkpoint } from '../../src/training/checkpoint.ts';
import { Trainer } from '../../src/training/trainer.ts';
import { rejectionOf } from '../support/failure.ts';

let small: Uint8Array;
let headerEnd: number;
beforeAll(async () => {
  const trainer = await Trainer.create(new Network({ layers: [2, 3, 2] }), {
    ...{ backend: 'reference', batchSize: 2, clipNorm: 1 },
    optimizer: adam({ learningRate: cosineDecay({ learningRate: 0.1, steps: 9 }) }),
  });
  const features = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  const labels = Uint8Array.of(0, 1, 1, 0);
  const data = createDataset({ name: 'small', featureCount: 2, classCount: 2, features, labels });
  for await (const { step } of trainer.fit(data, { steps: 3 })) expect(step).toBeGreaterThan(0);
  small = await trainer.checkpoint({ note: 'a note' });
  await trainer.dispose();
  headerEnd = 8 + new DataView(small.buffer).getUint32(0, true);
  expect(small.length).toBeLessThan(4096);
});

/** The digits of the checksum, found without our code. */
function checksumAt(bytes: Uint8Array): number {
  const mark = '"checkpoint.sha256":"';
  const at = Buffer.from(bytes).indexOf(mark);
  return at < 0 ? -1 : at + mark.length;
}

/** Makes the checksum right, so that the change reaches what reads the file. */
function resealed(bytes: Uint8Array): Uint8Array {
  const at = checksumAt(bytes);
  const copy = Uint8Array.from(bytes);
  if (at < 0 || at + 64 > copy.length) return copy;
  copy.fill(0x30, at, at + 64);
  copy.set(Buffer.from(createHash('sha256').update(copy).digest('hex')), at);
  return copy;
}

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

/** @returns undefined for a typed error; anything else that is thrown fails the test */
async function readOrRefuse(bytes: Uint8Array): Promise<Checkpoint | undefined> {
  try {
    const found = await readCheckpoint(bytes);
    const { network, state, curve } = found;
    for (const values of [network.parameters, state.parameters, ...state.moments]) {
      expect(values.length).toBe(network.parameterCount);
      expect(values.every(Number.isFinite)).toBe(true);
    }
    expect(curve.points.length).toBeLessThan(5000);
    return found;
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

/** Replaces a part of the header's text. A text of another length moves the data, and the header's length with it. */
function withHeader(change: (text: string) => string): Uint8Array {
  const text = Buffer.from(small.subarray(8, headerEnd)).toString('latin1');
  const header = Buffer.from(change(text), 'latin1');
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return resealed(Buffer.concat([length, header, small.subarray(headerEnd)]));
}

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

test('a changed header with a right checksum is refused or read whole', async () => {
  const edit = fc.record({
    at: fc.nat(4095),
    remove: fc.nat(6),
    insert: fc.oneof(
      fc.constantFrom('', '"', '\\"', '{', '}', '[', ']', ',', ':', '9'.repeat(20), ...numbers),
      fc.constantFrom('"__proto__":1,', '\\"__proto__\\":1,', '\\u0000', '\\ud800', '\xff'),
      fc.string({ maxLength: 4 }),
    ),
  });
  let read = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 3 }), async (edits) => {
      const bytes = withHeader((text) =>
        edits.reduce((all, { at, remove, insert }) => {
          const place = at % all.length;
          return all.slice(0, place) + insert + all.slice(place + remove);
        }, text),
      );
      if (await readOrRefuse(bytes)) read++;
    }),
    { numRuns: 3000 },
  );
  expect(read).toBeGreaterThan(0);
});

test('any other number in the settings is refused, or gives a trainer or a typed error', async () => {
  const text = Buffer.from(small.subarray(8, headerEnd)).toString('latin1');
  const places = [...text.matchAll(/\\":(-?[\d.e+-]+|true|false|null)/g)];
  expect(places.length).toBeGreaterThan(15);
  let resumed = 0;
  for (const place of places) {
    for (const value of numbers) {
      const begin = place.index + 3;
      const bytes = withHeader(
        (all) =>
          all.slice(0, begin) + value.replaceAll('"', '\\"') + all.slice(begin + place[1]!.length),
      );
      if (!(await readOrRefuse(bytes))) continue;
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
  for (let at = headerEnd; at < small.length; at++) {
    const bytes = small.slice();
    bytes[at] = 0xff;
    if (at % 8 === 7) bytes[at - 1] = 0xff; // NaN
    if (!(await readOrRefuse(resealed(bytes)))) refused++;
  }
  expect(refused).toBeGreaterThan(40);
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
