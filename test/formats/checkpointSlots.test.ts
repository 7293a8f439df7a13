import { createHash } from 'node:crypto';

import { expect, it } from 'vitest';

import { ConfigurationError, FileError, FormatError } from '../../src/errors.ts';
import { CheckpointSlots, type SlotStorage } from '../../src/formats/checkpointSlots.ts';
import { openSeal, requireSealed } from '../../src/formats/seal.ts';
import { float32Tensor, readSafetensors, writeSafetensors } from '../../src/formats/safetensors.ts';
import { failureOf } from '../support/failure.ts';

/** A disk in memory, whose writes can fail. */
class Disk implements SlotStorage {
  readonly place = 'memory';
  readonly files = new Map<string, Uint8Array>();
  readonly order: string[] = [];
  isFull = false;

  read(name: string): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.files.get(name)?.slice());
  }

  write(name: string, bytes: Uint8Array): Promise<void> {
    if (this.isFull) return Promise.reject(new FileError('The disk is full.'));
    this.order.push(name);
    this.files.set(name, bytes);
    return Promise.resolve();
  }
}

const content = (n: number) =>
  writeSafetensors(new Map([['n', float32Tensor([1], Float32Array.of(n))]]), openSeal);
const numberIn = (bytes: Uint8Array) =>
  new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 4).getFloat32(0, true);
const [a, b] = ['a.safetensors', 'b.safetensors'];

it('two files are written in turn, and the newest is read', async () => {
  const disk = new Disk();
  const slots = new CheckpointSlots(disk);
  expect(await slots.readNewest()).toBeUndefined();
  for (let n = 1; n <= 5; n++) {
    expect(await slots.write(content(n))).toBe(n);
    const { bytes, ...newest } = (await slots.readNewest())!;
    expect([numberIn(bytes), newest]).toEqual([n, { sequence: n }]);
  }
  expect(disk.order).toEqual([a, b, a, b, a]);
  // Another process counts on.
  expect(await new CheckpointSlots(disk).write(content(6))).toBe(6);
  expect(disk.order.at(-1)).toBe(b);
});

it('a number is given without changing the content, and is under the checksum', async () => {
  const disk = new Disk();
  await new CheckpointSlots(disk).write(content(7));
  const bytes = disk.files.get(a)!;
  expect(await requireSealed(bytes)).toBe(1);
  const { tensors, metadata } = readSafetensors(bytes);
  expect(tensors).toEqual(readSafetensors(content(7)).tensors);
  const digits = metadata.get('checkpoint.sha256')!;
  const zeroed = Buffer.from(
    Buffer.from(bytes).toString('latin1').replace(digits, '0'.repeat(64)),
    'latin1',
  );
  expect(createHash('sha256').update(zeroed).digest('hex')).toBe(digits);
  expect(Number(metadata.get('checkpoint.sequence'))).toBe(1);
});

it('writes that overlap are done one after another', async () => {
  const slots = new CheckpointSlots(new Disk());
  expect(await Promise.all([1, 2, 3].map((n) => slots.write(content(n))))).toEqual([1, 2, 3]);
  expect(numberIn((await slots.readNewest())!.bytes)).toBe(3);
});

it('a file that is empty because its first write was interrupted is none', async () => {
  const disk = new Disk();
  // Browsers create a file before they fill it.
  disk.files.set(a, new Uint8Array(0));
  expect(await new CheckpointSlots(disk).readNewest()).toBeUndefined();
  expect(await new CheckpointSlots(disk).write(content(1))).toBe(1);
  disk.files.set(b, new Uint8Array(0));
  const { bytes, ...newest } = (await new CheckpointSlots(disk).readNewest())!;
  expect([numberIn(bytes), newest]).toEqual([1, { sequence: 1 }]);
  expect(await new CheckpointSlots(disk).write(content(2))).toBe(2);
  expect(disk.order).toEqual([a, b]);
  // Both were written before.
  for (const name of [a, b]) disk.files.set(name, new Uint8Array(0));
  await failureOf(new CheckpointSlots(disk).readNewest(), FormatError);
});

it.each([
  ['cut', (bytes: Uint8Array) => bytes.slice(0, -1)],
  ['empty', () => new Uint8Array(0)],
  ['with one bit flipped', (bytes: Uint8Array) => bytes.with(bytes.length - 1, bytes.at(-1)! ^ 1)],
])('if the newest is %s, the other one is taken and the reason given', async (_, damage) => {
  const disk = new Disk();
  const slots = new CheckpointSlots(disk);
  for (const n of [1, 2, 3]) await slots.write(content(n));
  disk.files.set(a, damage(disk.files.get(a)!));
  const newest = (await slots.readNewest())!;
  expect([newest.sequence, numberIn(newest.bytes)]).toEqual([2, 2]);
  expect(newest.problem).toMatch(/^The file a\.safetensors was not used: .*\.$/);
  // The next one replaces the damaged file, not the whole one.
  const again = new CheckpointSlots(disk);
  expect(await again.write(content(4))).toBe(3);
  expect(disk.order.at(-1)).toBe(a);
  expect((await again.readNewest())!.problem).toBeUndefined();

  for (const name of disk.files.keys()) disk.files.set(name, damage(disk.files.get(name)!));
  const { message } = await failureOf(again.readNewest(), FormatError);
  expect(message).toMatch(
    /^There is no whole checkpoint in memory\. .*a\.safetensors.*b\.safetensors/,
  );
});

it('a write that fails leaves the newest, and is tried again in the same file', async () => {
  const disk = new Disk();
  const slots = new CheckpointSlots(disk);
  await slots.write(content(1));
  disk.isFull = true;
  await failureOf(slots.write(content(2)), FileError);
  expect((await slots.readNewest())!.sequence).toBe(1);
  disk.isFull = false;
  expect(await slots.write(content(3))).toBe(2);
  expect(disk.order).toEqual([a, b]);
});

it('bytes that are no checkpoint are not written', async () => {
  const disk = new Disk();
  const slots = new CheckpointSlots(disk);
  const plain = writeSafetensors(new Map([['n', float32Tensor([1], Float32Array.of(1))]]));
  for (const bytes of [plain, new Uint8Array(0), Uint8Array.of(1, 2, 3)]) {
    await failureOf(slots.write(bytes), ConfigurationError);
  }
  expect(disk.files.size).toBe(0);
});
