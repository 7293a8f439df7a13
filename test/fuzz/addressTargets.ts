/** Hostile addresses: settings of the benchmark, and moments of the lesson. */
import assert from 'node:assert/strict';

import fc from 'fast-check';

import { settingsRanges } from '../../src/benchmark/settings.ts';
import { maxStep, readMoment, writeMoment } from '../../src/page/lesson/moment.ts';
import { readSwitches, writeSwitches } from '../../src/page/lesson/switches.ts';
import { readPageOptions, settingsOf } from '../../src/page/pageOptions.ts';
import { damagedText } from './damage.ts';
import { target, type Target } from './target.ts';

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

export const addressTargets: readonly Target[] = [
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
