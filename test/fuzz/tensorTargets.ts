/** Hostile files of tensors: safetensors, networks and checkpoints. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

import fc from 'fast-check';

import { UsageError } from '../../src/cli/errors.ts';
import { checkpointFile, parseCheckpoint } from '../../src/cli/sweepCheckpoint.ts';
import { createDataset } from '../../src/data/dataset.ts';
import { adam } from '../../src/engine/optimizers.ts';
import { cosineDecay } from '../../src/engine/schedules.ts';
import { ConfigurationError, FormatError, NudgeError } from '../../src/errors.ts';
import { CheckpointSlots } from '../../src/formats/checkpointSlots.ts';
import { loadParameters, saveParameters } from '../../src/formats/parameters.ts';
import { dtypes, readSafetensors, writeSafetensors } from '../../src/formats/safetensors.ts';
import { seal } from '../../src/formats/seal.ts';
import { Network } from '../../src/network/network.ts';
import { readCheckpoint } from '../../src/training/checkpoint.ts';
import { Trainer } from '../../src/training/trainer.ts';
import { changedJson, damaged, damagedText } from './damage.ts';
import { payload } from './idxTargets.ts';
import { product, target, type Target } from './target.ts';

const small = new Network({ layers: [2, 3, 2], seed: 7 });
const savedNetwork = saveParameters(small);

const trainer = await Trainer.create(small, {
  ...{ backend: 'reference', batchSize: 2, clipNorm: 1 },
  optimizer: adam({ learningRate: cosineDecay({ learningRate: 0.1, steps: 9 }) }),
});
const four = createDataset({
  ...{ name: 'small', featureCount: 2, classCount: 2 },
  ...{ features: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), labels: Uint8Array.of(0, 1, 1, 0) },
});
for await (const { step } of trainer.fit(four, { steps: 3 })) assert.ok(step > 0);
/** Written by a trainer of 2-3-2 on the reference backend after 3 steps; less than 4 KB. */
export const smallCheckpoint = await trainer.checkpoint({ note: 'a note' });
await trainer.dispose();

/** The text of a safetensors file's header, one character per byte, and its data. */
export function partsOf(file: Uint8Array): { readonly header: string; readonly data: Uint8Array } {
  const end = 8 + new DataView(file.buffer, file.byteOffset).getUint32(0, true);
  return {
    header: Buffer.from(file.subarray(8, end)).toString('latin1'),
    data: file.subarray(end),
  };
}

/** A safetensors file; the length is that of the header, or a lie. */
export function fileOf(header: string, data: Uint8Array, lie = 0): Uint8Array {
  const text = Buffer.from(header, 'latin1');
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt.asUintN(64, BigInt(text.length + lie)));
  return Uint8Array.from(Buffer.concat([length, text, data]));
}

/** The digits of a checkpoint's checksum, found without our code. */
export function checksumAt(bytes: Uint8Array): number {
  const mark = '"checkpoint.sha256":"';
  const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(mark);
  return at < 0 ? -1 : at + mark.length;
}

/** Makes the checksum right, so that a change reaches what reads the file. */
export function resealed(bytes: Uint8Array): Uint8Array {
  const at = checksumAt(bytes);
  const copy = Uint8Array.from(bytes);
  if (at < 0 || at + 64 > copy.length) return copy;
  copy.fill(0x30, at, at + 64);
  copy.set(Buffer.from(createHash('sha256').update(copy).digest('hex')), at);
  return copy;
}

const lies = fc.oneof(
  { weight: 30, arbitrary: fc.constant(0) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(-1, 1, 8, -9, 2 ** 24, 2 ** 32, 2 ** 53 - 1, -(2 ** 40)),
  },
);
const number = fc.oneof(fc.nat(16), fc.constantFrom(-1, 0.5, 1e21, 2 ** 53, 2 ** 32, 2 ** 31));
const entry = fc.record(
  {
    dtype: fc.oneof(fc.constantFrom(...dtypes, 'F33', '__proto__'), fc.jsonValue()),
    shape: fc.oneof(fc.array(number, { maxLength: 4 }), fc.jsonValue()),
    data_offsets: fc.oneof(fc.array(number, { maxLength: 3 }), fc.jsonValue()),
  },
  { requiredKeys: [] },
);
const anyHeader = fc.oneof(
  fc.dictionary(fc.string({ unit: 'binary' }), fc.oneof(entry, fc.jsonValue())).map((header) =>
    // One character per byte.
    Buffer.from(JSON.stringify(header)).toString('latin1'),
  ),
  fc.string({ unit: 'binary' }).map((text) => `{${text}`),
);

/** The file with its header changed as JSON or as text, with its data damaged, or damaged anywhere; and other files. */
function hostileTensors(file: Uint8Array): fc.Arbitrary<Uint8Array> {
  const { header, data } = partsOf(file);
  const change = (headers: fc.Arbitrary<string>) =>
    fc.tuple(headers, lies).map(([text, lie]) => fileOf(text, data, lie));
  return fc.oneof(
    { weight: 6, arbitrary: change(changedJson(header)) },
    { weight: 3, arbitrary: change(damagedText(fc.constant(header))) },
    { weight: 2, arbitrary: damaged(fc.constant(file)) },
    { weight: 1, arbitrary: damaged(fc.constant(data)).map((bytes) => fileOf(header, bytes)) },
    {
      weight: 1,
      arbitrary: fc.tuple(anyHeader, payload).map(([text, bytes]) => fileOf(text, bytes)),
    },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 64 }) },
  );
}

/** Tensors fill the data from end to end. */
export function checkSafetensors(bytes: Uint8Array): void {
  const { tensors, metadata } = readSafetensors(bytes);
  let position = 8 + Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  for (const { dtype, shape, data } of tensors.values()) {
    assert.equal(data.byteOffset - bytes.byteOffset, position);
    assert.equal(data.length * 8, product(shape) * Number(/\d+/.exec(dtype)?.[0] ?? 8));
    position += data.length;
  }
  assert.equal(position, bytes.length);
  const again = readSafetensors(writeSafetensors(tensors, metadata));
  assert.deepEqual([...again.metadata.keys()].sort(), [...metadata.keys()].sort());
  assert.deepEqual([...again.tensors.keys()].sort(), [...tensors.keys()].sort());
}

/** Everything is finite and belongs together; a checkpoint of the reference backend also gives a trainer. */
export async function checkCheckpoint(bytes: Uint8Array): Promise<void> {
  const { network, state, curve, backend } = await readCheckpoint(bytes);
  for (const values of [network.parameters, state.parameters, ...state.moments]) {
    assert.equal(values.length, network.parameterCount);
    assert.ok(values.every(Number.isFinite));
  }
  assert.ok(curve.points.length < 5000);
  if (backend !== 'reference') return;
  const resumed = await Trainer.resume(bytes);
  assert.ok(Number.isSafeInteger(resumed.step));
  await resumed.dispose();
}

const sealedCheckpoints = await Promise.all(
  Array.from({ length: 6 }, (_, sequence) => seal(smallCheckpoint, sequence)),
);
const hostileCheckpoint = fc
  .tuple(hostileTensors(smallCheckpoint), fc.nat(9))
  .map(([bytes, n]) => (n === 0 ? bytes : resealed(bytes)));
/** A file of a slot, and its sequence number if it is whole. */
const slot = fc.oneof(
  fc.constant({ bytes: undefined, sequence: undefined }),
  fc.nat(5).map((sequence) => ({ bytes: sealedCheckpoints[sequence]!, sequence })),
  hostileCheckpoint.map((bytes) => ({ bytes, sequence: undefined })),
);

/** A whole file is found, whatever is in the other one. */
async function checkSlots(
  slots: readonly {
    readonly bytes: Uint8Array | undefined;
    readonly sequence: number | undefined;
  }[],
): Promise<void> {
  const read = (name: string) => Promise.resolve(slots[name.startsWith('a') ? 0 : 1]!.bytes);
  const storage = { place: 'here', read, write: () => Promise.resolve() };
  const newest = await new CheckpointSlots(storage).readNewest();
  const whole = slots.flatMap(({ sequence }) => sequence ?? []);
  const [first, second] = slots.map(({ bytes }) => bytes);
  // A crash in the first write of all may leave the first file empty.
  assert.ok(newest !== undefined || (!first?.length && second === undefined));
  assert.ok((newest?.sequence ?? -1) >= Math.max(-1, ...whole));
  if (newest) assert.deepEqual(resealed(newest.bytes), Uint8Array.from(newest.bytes));
}

const sweepFile = checkpointFile(
  {
    configuration: {
      network: { layers: [2, 3, 2] },
      ...{ batchSize: 10, epochs: 2, shuffle: true, seeds: [1, 2] },
      optimizers: [{ optimizer: 'sgd', learningRate: 1, momentum: 0 }],
    },
    ...{ data: 'digits', preset: 'lecture' },
  },
  {
    state: { step: 3, epoch: 0, stepOfEpoch: 3, values: new Float32Array(34).fill(0.5) },
    epochSums: new Float64Array(6).fill(1),
    lastEpoch: new Float64Array(4),
    trained: { samples: 60, seconds: 0.1 },
    data: 'c0ffee',
  },
);

export const tensorTargets: readonly Target[] = [
  target('safetensors', hostileTensors(savedNetwork), checkSafetensors, { weight: 3 }),
  target(
    'network',
    hostileTensors(savedNetwork),
    (bytes) => {
      const network = loadParameters(bytes);
      assert.ok(network.parameters.every(Number.isFinite));
      assert.deepEqual(loadParameters(saveParameters(network)), network);
    },
    { errors: [FormatError, ConfigurationError], weight: 3 },
  ),
  // What a trainer refuses in a checkpoint that can be read is of its options.
  target('checkpoint', hostileCheckpoint, checkCheckpoint, { errors: [NudgeError] }),
  target('checkpoint slots', fc.tuple(slot, slot), checkSlots),
  target(
    'sweep checkpoint',
    hostileTensors(sweepFile),
    (bytes) => {
      const { configuration, checkpoint } = parseCheckpoint(bytes, 'a file');
      const members = configuration.seeds.length * configuration.optimizers.length;
      assert.equal(checkpoint.epochSums.length, 3 * members);
      assert.equal(checkpoint.state.values.length % members, 0);
    },
    { errors: [FormatError, UsageError], weight: 2 },
  ),
];
