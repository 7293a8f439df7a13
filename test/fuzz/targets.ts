/**
 * Everything of nudge that reads what a stranger may have made, with hostile cases for each. `hostileInput.test.ts` runs 100,000
 * cases with every change, `fuzz.ts` as many as wanted.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { deflateRawSync, gunzipSync, gzipSync } from 'node:zlib';

import fc from 'fast-check';

import { decodeLink, decodeSummary } from '../../src/benchmark/result/link.ts';
import { readResult } from '../../src/benchmark/result/read.ts';
import { packSummary, sparings } from '../../src/benchmark/result/summary.ts';
import { writeResult } from '../../src/benchmark/result/write.ts';
import { settingsRanges } from '../../src/benchmark/settings.ts';
import { readReport, requireSame } from '../../src/cli/commands/tune.ts';
import { UsageError } from '../../src/cli/errors.ts';
import { checkpointFile, parseCheckpoint } from '../../src/cli/sweepCheckpoint.ts';
import { noteOf, readNote } from '../../src/cli/trainCheckpoint.ts';
import { createDataset } from '../../src/data/dataset.ts';
import { gunzip } from '../../src/data/gzip.ts';
import { readIdx } from '../../src/data/idx.ts';
import { readMnist, type MnistRole } from '../../src/data/mnist.ts';
import { adam } from '../../src/engine/optimizers.ts';
import { cosineDecay } from '../../src/engine/schedules.ts';
import { ConfigurationError, FormatError, LimitError, NudgeError } from '../../src/errors.ts';
import { CheckpointSlots } from '../../src/formats/checkpointSlots.ts';
import { loadParameters, saveParameters } from '../../src/formats/parameters.ts';
import { dtypes, readSafetensors, writeSafetensors } from '../../src/formats/safetensors.ts';
import { seal } from '../../src/formats/seal.ts';
import { requirePlan } from '../../src/gpu/plan/check.ts';
import { choosePlan } from '../../src/gpu/plan/choose.ts';
import { parsePlan, planFile, serializePlan } from '../../src/gpu/plan/file.ts';
import { Network } from '../../src/network/network.ts';
import { readPlanCache } from '../../src/node/planCache.ts';
import { maxStep, readMoment, writeMoment } from '../../src/page/lesson/moment.ts';
import { readSwitches, writeSwitches } from '../../src/page/lesson/switches.ts';
import { readPageOptions, settingsOf } from '../../src/page/pageOptions.ts';
import { readCheckpoint } from '../../src/training/checkpoint.ts';
import { Trainer } from '../../src/training/trainer.ts';
import { makeBenchmarkResult } from '../support/benchmarkResult.ts';
import { makeIdx, makeTinyMnist } from '../support/idxFiles.ts';
import { changedJson, damaged, damagedText, hostileJson } from './damage.ts';

export interface Target {
  readonly name: string;
  /** How many of the cases it gets, relative to the others: those that take long get fewer. */
  readonly weight: number;
  readonly cases: fc.Arbitrary<unknown>;
  /** Whether it refuses anything; an address that is wrong in parts is read in parts. */
  readonly refuses: boolean;
  /**
   * Reads a case, and checks what was read.
   * @returns whether it was read; false if it was refused with a typed error
   * @throws anything else that the reader throws, and an AssertionError if what was read is not valid
   */
  readonly take: (input: unknown) => Promise<boolean>;
}

type ErrorClass = abstract new (...parameters: never[]) => Error;

function target<Input>(
  name: string,
  cases: fc.Arbitrary<Input>,
  read: (input: Input) => unknown,
  { errors = [FormatError], weight = 1 }: { errors?: readonly ErrorClass[]; weight?: number } = {},
): Target {
  const take = async (input: unknown) => {
    try {
      await read(input as Input);
      return true;
    } catch (error) {
      if (!errors.some((type) => error instanceof type)) throw error;
      requireSentence(error as Error);
      return false;
    }
  };
  return { name, weight, cases, refuses: errors.length > 0, take };
}

/** A message shows little of a stranger's text, and nothing that a terminal obeys. */
function requireSentence(error: Error): void {
  const { message } = error;
  assert.match(message, /^(?:[A-Z'"]|nudge ).*[.)]$/s);
  assert.ok(message.length < 2000, `The message has ${message.length} characters.`);
  // eslint-disable-next-line no-control-regex -- they are what must not be there
  assert.doesNotMatch(message, /[\0-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/);
  if (error instanceof FormatError) assert.ok(Number.isInteger(error.offset) && error.offset >= 0);
}

const utf8 = new TextEncoder();
const product = (shape: readonly number[]) => shape.reduce((all, size) => all * size, 1);

// IDX and gzip

/** Far more than any case here holds, and little enough that a case beyond it would show in the time taken. */
const limitBytes = 2 ** 16;

const payload = fc.uint8Array({ maxLength: 200 });
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

// safetensors and checkpoints

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

// JSON: plans, reports, results

const planned = { layers: [784, 16, 16, 10] };
const adapters = [
  { isSoftware: true, subgroupSize: 0, maxWorkgroupSize: 256 },
  { isSoftware: false, subgroupSize: 32, maxWorkgroupSize: 1024 },
];
const planTexts = adapters.map((adapter) =>
  serializePlan(planned, choosePlan(planned, 100, adapter)),
);

/** The plan of a text; refused for an adapter only with the errors that say so. */
function checkPlan(text: string): void {
  const plan = parsePlan(text, planned);
  assert.deepEqual(planFile(planned, plan), JSON.parse(text));
  for (const adapter of adapters) {
    try {
      requirePlan(plan, planned, plan.batchSize, adapter);
    } catch (error) {
      if (!(error instanceof ConfigurationError || error instanceof LimitError)) throw error;
    }
  }
}

const planCacheText = JSON.stringify({
  format: 'nudge plan cache',
  plans: { one: planTexts[0], two: planTexts[1] },
});

function checkPlanCache(text: string): void {
  const plans = readPlanCache(text);
  for (const plan of plans?.values() ?? []) assert.equal(typeof plan, 'string');
}

const machine = {
  runtime: { name: 'node' as const, version: '20', adapter: { vendor: 'acme' } },
  processor: 'One',
};
const tuneReport = JSON.stringify({
  ...{ command: 'tune', ...machine, key: 'nudge | acme', isComplete: false },
  configuration: {
    network: { layers: planned.layers, activation: 'sigmoid', seed: 1 },
    ...{ batchSize: 100, optimizer: 'sgd', learningRate: 1, momentum: 0, budgetMs: 5000 },
  },
  measured: [
    { key: 'a', found: 1e-4, at: 0.1 },
    { key: 'b', found: null, at: 0.2 },
    { key: 'c', found: 'It is wrong.', at: 0.3 },
  ],
});
const trainNote = noteOf({
  ...{ data: 'digits', preset: 'lecture', load: null, plan: 'default', runtime: 'node' },
  training: {
    ...{ epochs: 2, batchSize: 100, seed: 1, shuffle: true, backend: 'cpu' },
    ...{ optimizer: 'sgd', learningRate: 1, momentum: 0 },
    schedule: { kind: 'cosine', warmUpSteps: 3 },
  },
});

const result = makeBenchmarkResult({
  ...{ repeats: 2, blocks: 1, curvePoints: 1, workloads: ['tiny'] },
});
const resultText = JSON.stringify(result);
const summaryText = packSummary(makeBenchmarkResult({ workloads: ['tiny', 'mid'] }), sparings[0]!);

function checkResult(text: string): void {
  const read = readResult(text);
  const again = readResult(writeResult(read));
  // JSON has no -0.
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
  assert.deepEqual(plain(again), plain(read));
}

/** A link with a text, or with damage after or before it was packed. */
function links(key: string, texts: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const pack = (bytes: Uint8Array) => Buffer.from(deflateRawSync(bytes)).toString('base64url');
  const packed = texts.map((text) => pack(utf8.encode(text)));
  const unpacked = texts.map((text) => utf8.encode(text));
  return fc
    .oneof(
      { weight: 6, arbitrary: packed },
      { weight: 1, arbitrary: damagedText(packed) },
      { weight: 1, arbitrary: damaged(unpacked).map(pack) },
    )
    .map((text) => `#${key}=${text}`);
}

// Addresses

/** A query of known and other keys with known and other values, or of anything. */
function queries(
  keys: readonly string[],
  values: readonly string[],
  whole: readonly string[],
): fc.Arbitrary<string> {
  const key = fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...keys) },
    { weight: 1, arbitrary: fc.constantFrom('__proto__', 'constructor', '', 'utm_source') },
  );
  const value = fc.oneof(
    fc.constantFrom(...values, ...oddValues),
    fc.nat(2 ** 31).map(String),
    damagedText(fc.constantFrom(...values)),
  );
  const made = fc
    .array(fc.tuple(key, value), { maxLength: 8 })
    .map((pairs) => pairs.map((pair) => pair.join('=')).join('&'));
  return fc.oneof(made, damagedText(fc.constantFrom(...whole)), fc.string({ unit: 'binary' }));
}

const oddValues = [
  ...[
    '',
    '-1',
    '0',
    '1',
    '1e9',
    '0x10',
    '١',
    'NaN',
    'Infinity',
    '9'.repeat(400),
    '%F0',
    '+',
    'null',
  ],
  ...[
    '__proto__',
    'toString',
    'valueOf',
    ','.repeat(300),
    '.'.repeat(300),
    '\u202e',
    '1,1',
    'a.b.c',
  ],
];

const pageAddress =
  'workloads=tiny,batch-10&backend=webgpu,cpu-1&repeats=20&blocks=4&seconds=0.5&wait=7&seed=4294967295&quick=1&peers=1&samples=100&auto=1';

function checkPageOptions(search: string): void {
  const { options, problems } = readPageOptions(search);
  const { repeats, blocks, repeatSeconds, waitSeconds } = settingsRanges;
  const ranges = {
    ...{ repeats, blocks, seconds: repeatSeconds, wait: waitSeconds },
    ...{ seed: [0, 2 ** 32 - 1], samples: [100, 60_000] },
  } as const;
  for (const [name, [min, max]] of Object.entries(ranges)) {
    const value = options[name as keyof typeof ranges];
    assert.ok(value === undefined || (value >= min && value <= max), `${name} is ${value}`);
  }
  for (const flag of [options.quick, options.peers, options.auto]) {
    assert.equal(typeof flag, 'boolean');
  }
  for (const list of [options.workloads ?? ['tiny'], options.backend ?? ['cpu']]) {
    assert.ok(list.length > 0 && new Set(list).size === list.length);
  }
  assert.ok(problems.every((problem) => problem.length < 600));
  settingsOf(options);
}

const drawn = `drawn=7.${Buffer.alloc(392, 0x5a).toString('base64url')}`;
const lessonAddress =
  'step=120&seed=1&data=digits&activation=relu&rate=0.5&example=3&changes=5.rate.2,10.only.2,20.labels.shuffled,30.one.59999,40.zero.1,50.noise.2~0.5';
const lessonKeys = [
  ...['step', 'data', 'seed', 'activation', 'rate', 'example', 'drawn', 'changes'],
  ...['sensitivity.map', 'wiggle.span', 'wiggle.place', 'sums.off', 'backwards.stage'],
  ...['average.of', 'onlyOne.digit', 'onlyOne.from', 'onlyOne.point', 'miniBatches.deck'],
  ...['descent.by', 'mend.noise', 'mend.cell'],
];
const lessonValues = [
  ...['1', '100000', '100001', 'mnist', 'relu', '0.5', '5.rate.2,10.only.2', '20.labels.shuffled'],
  ...['3.noise.1~1000', '3.noise.~', '1.__proto__.1', drawn.slice(6), '0139', '50-1-3', '1-0-0-0'],
  ...['now', 'sorted', 'steps', '4.9', '0.01', '60'],
];

/** Anything gives a moment, which its own address gives again. */
function checkMoment(fragment: string): void {
  const query = new URLSearchParams(fragment);
  const { script, step = 0, example = { kind: 'test', index: 0 } } = readMoment(query);
  assert.ok(Number.isSafeInteger(step) && step >= 0 && step <= maxStep);
  assert.ok(script.rate > 0 && script.rate <= 1000 && script.seed < 2 ** 32);
  assert.ok(script.changes.every((change) => change.step >= 0 && change.step <= maxStep));
  assert.ok(example.kind === 'test' ? example.index <= 9999 : example.pixels.length === 784);
  const written = writeMoment({ script, step, example });
  assert.deepEqual(readMoment(written), { script, step, example });
  readSwitches(query);
  writeSwitches(written);
  const again = new URLSearchParams(written);
  readSwitches(again);
  const same = writeMoment({ script, step, example });
  writeSwitches(same);
  assert.equal(same.toString(), written.toString());
}

export const targets: readonly Target[] = [
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
  target('train note', hostileJson(trainNote), readNote, { weight: 2 }),
  target('plan file', hostileJson(...planTexts), checkPlan, { weight: 2 }),
  target('plan cache', hostileJson(planCacheText), checkPlanCache, { errors: [], weight: 2 }),
  target(
    'tune report',
    hostileJson(tuneReport),
    (text) => {
      const report = readReport(text);
      assert.ok(report.measured.every(({ at }) => at >= 0));
      requireSame(machine, report);
    },
    { errors: [FormatError, UsageError], weight: 2 },
  ),
  target('result', hostileJson(resultText), checkResult, { weight: 2 }),
  target('result link', links('result', hostileJson(resultText)), decodeLink),
  target('summary link', links('summary', hostileJson(summaryText)), decodeSummary),
  target(
    'page address',
    queries(
      pageAddress.split('&').map((pair) => pair.split('=')[0]!),
      pageAddress.split('&').map((pair) => pair.split('=')[1]!),
      [`?${pageAddress}`],
    ),
    checkPageOptions,
    { errors: [], weight: 2 },
  ),
  target(
    'lesson moment',
    queries(lessonKeys, lessonValues, [lessonAddress, `${drawn}&step=1`]),
    checkMoment,
    { errors: [], weight: 2 },
  ),
];

/** The number of cases of each target, of `cases` in all. */
export function sharesOf(cases: number, chosen = targets): number[] {
  const all = chosen.reduce((sum, { weight }) => sum + weight, 0);
  return chosen.map(({ weight }) => Math.ceil((cases * weight) / all));
}

/** Cases that share a seed. A run of fewer has the first ones of a longer run. */
const chunk = 10_000;

/**
 * Runs cases of a target.
 * @param seed of the first chunk; each chunk after it has the next one
 * @param onCase called after each case
 * @returns how many cases were read; the others were refused
 * @throws the first failure, with the seed and the shortest input that fast-check finds
 */
export async function runCases(
  { cases, take }: Target,
  { count, seed, signal }: { count: number; seed: number; signal?: AbortSignal },
): Promise<number> {
  let read = 0;
  for (let done = 0; done < count; done += chunk) {
    signal?.throwIfAborted();
    await fc.assert(
      fc.asyncProperty(cases, async (input) => {
        if (await take(input)) read++;
      }),
      { numRuns: Math.min(chunk, count - done), seed: seed + done / chunk },
    );
  }
  return read;
}
