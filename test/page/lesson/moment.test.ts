/** A link holds a moment, and a bad link breaks nothing. */
import type { Signal } from '@preact/signals';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';

import {
  firstScript,
  maxStep,
  readMoment,
  roundPixels,
  writeMoment,
  type DatedChange,
  type Example,
  type Moment,
} from '../../../src/page/lesson/moment.ts';
import * as switches from '../../../src/page/lesson/switches.ts';

const step = fc.integer({ min: 0, max: maxStep });
const layer = fc.integer({ min: 0, max: 2 });
const size = fc.double({ min: 1e-6, max: 1000, noNaN: true });
const change = fc.oneof(
  fc.record({ kind: fc.constant('rate' as const), rate: size, step }),
  fc.record({
    kind: fc.constant('only' as const),
    digit: fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constant('all' as const)),
    step,
  }),
  fc.record({
    kind: fc.constant('labels' as const),
    labels: fc.constantFrom('shuffled' as const, 'true' as const),
    step,
  }),
  fc.record({
    kind: fc.constant('one' as const),
    sample: fc.integer({ min: 0, max: 59_999 }),
    step,
  }),
  fc.record({ kind: fc.constant('zero' as const), layer, step }),
  fc.record({ kind: fc.constant('noise' as const), layer, size, step }),
) satisfies fc.Arbitrary<DatedChange>;
const example = fc.oneof(
  fc.record({ kind: fc.constant('test' as const), index: fc.integer({ min: 0, max: 9999 }) }),
  fc.record({
    kind: fc.constant('drawn' as const),
    // A drawing has the values that an address keeps.
    pixels: fc.uint8Array({ minLength: 784, maxLength: 784 }).map(roundPixels),
    label: fc.integer({ min: 0, max: 9 }),
  }),
) satisfies fc.Arbitrary<Example>;
const moments: fc.Arbitrary<Moment> = fc.record({
  script: fc.record({
    data: fc.constantFrom('digits' as const, 'mnist' as const),
    seed: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    activation: fc.constantFrom('sigmoid' as const, 'relu' as const),
    rate: size,
    changes: fc
      .array(change, { maxLength: 8 })
      .map((changes) => changes.toSorted((a, b) => a.step - b.step)),
  }),
  step,
  example,
});

describe('the address of a moment', () => {
  it('gives the same moment again', () => {
    fc.assert(
      fc.property(moments, (moment) => {
        const address = writeMoment(moment).toString();
        expect(readMoment(new URLSearchParams(address))).toEqual(moment);
      }),
    );
  });

  it('fits into 1,000 characters with a drawing', () => {
    const pixels = Uint8Array.from({ length: 784 }, (_, i) => (i * 17) % 256);
    const drawn = { kind: 'drawn' as const, pixels: roundPixels(pixels), label: 3 };
    const address = writeMoment({ script: firstScript, step: 12_345, example: drawn });
    expect(address.toString().length).toBeLessThan(1000);
  });

  it('without a step is the start of a run', () => {
    expect(readMoment(new URLSearchParams(''))).toEqual({ script: firstScript });
  });

  it.each([
    'step=-1',
    'step=1e3',
    'seed=4294967296',
    'rate=NaN',
    'rate=0',
    'example=99999',
    'drawn=3.AAAA',
    'drawn=3.%%%',
    'changes=1.unknown.2',
    'changes=1.constructor.2',
    'changes=,,,',
    'changes=1.noise.9~1',
    'changes=5.zero.1,4.zero.1',
    'activation=tanh',
  ])('%s has the default instead', (text) => {
    const { script, step: found = 0, example: chosen } = readMoment(new URLSearchParams(text));
    expect(script).toEqual(firstScript);
    expect(found).toBe(0);
    expect(chosen ?? { kind: 'test', index: 0 }).toEqual({ kind: 'test', index: 0 });
  });
});

describe('the figures’ switches in an address', () => {
  const { averagedOf, readSwitches, writeSwitches } = switches;
  const digit = fc.integer({ min: 0, max: 9 });
  const seed = fc.integer({ min: 0, max: 2 ** 32 - 1 });
  const optional = (max: number) => fc.option(fc.integer({ min: 0, max }), { nil: undefined });
  /** All switches, and the values that a reader can give them. */
  const states: Readonly<Record<string, readonly [Signal<unknown>, fc.Arbitrary<unknown>]>> = {
    'sensitivity.map': [switches.mappedNeuron, optional(15)],
    'wiggle.span': [switches.wiggleSpan, fc.constantFrom(...switches.wiggleSpans)],
    'wiggle.place': [switches.wigglePlace, optional(60)],
    'sums.off': [switches.outputsOn, fc.array(fc.boolean(), { minLength: 10, maxLength: 10 })],
    'backwards.stage': [switches.backwardsStage, optional(3)],
    'average.of': [
      switches.averaged,
      fc
        .tuple(fc.integer({ min: 1, max: 100 }), fc.subarray([0, 1, 2, 3, 4]))
        .map(([count, without]) => averagedOf(count, without)),
    ],
    'onlyOne.digit': [switches.onlyDigit, digit],
    'onlyOne.from': [switches.trialStart, fc.constantFrom(...switches.trialStarts)],
    'onlyOne.point': [switches.trialPoint, optional(23)],
    'miniBatches.deck': [
      switches.deckOrder,
      fc.oneof(
        fc.constant({ order: 'sorted', shuffle: 0 }),
        seed.map((shuffle) => ({ order: 'shuffled', shuffle })),
      ),
    ],
    'descent.by': [switches.raceAxis, fc.constantFrom(...switches.raceAxes)],
    'mend.noise': [switches.noiseSeed, seed],
    'mend.cell': [
      switches.confusionCell,
      fc.option(fc.record({ label: digit, answer: digit }), { nil: undefined }),
    ],
  };
  const written = () => {
    const query = new URLSearchParams();
    writeSwitches(query);
    return query.toString();
  };
  const valuesNow = () => Object.values(states).map(([state]) => state.value);
  const open = (address: string) => readSwitches(new URLSearchParams(address));

  beforeEach(() => open(''));

  it('give the same values again', () => {
    const values = fc.tuple(...Object.values(states).map(([, value]) => value));
    fc.assert(
      fc.property(values, (chosen) => {
        Object.values(states).forEach(([state], n) => (state.value = chosen[n]));
        const address = written();
        open('');
        open(address);
        expect(valuesNow()).toEqual(chosen);
      }),
    );
  });

  it('are as short as this, and absent while they have their defaults', () => {
    expect(written()).toBe('');
    switches.outputsOn.value = switches.allOutputsOn.map((_, output) => output === 2);
    switches.averaged.value = averagedOf(50, [3, 1]);
    switches.deckOrder.value = { order: 'sorted', shuffle: 4 };
    switches.wigglePlace.value = 60;
    switches.confusionCell.value = { label: 4, answer: 9 };
    expect(written()).toBe(
      'wiggle.place=60&sums.off=013456789&average.of=50-1-3&miniBatches.deck=sorted&mend.cell=4.9',
    );
  });

  it.each([
    'sensitivity.map=16',
    'wiggle.span=2',
    'wiggle.span=valueOf',
    'wiggle.place=61',
    'wiggle.place=-1',
    'sums.off=',
    'sums.off=01234567890',
    'sums.off=1,2',
    'sums.off=constructor',
    'backwards.stage=4',
    'average.of=0',
    'average.of=101',
    'average.of=1e2',
    'average.of=50-5',
    'average.of=50-1-',
    'average.of=-1',
    'onlyOne.digit=10',
    'onlyOne.from=toString',
    'onlyOne.point=NaN',
    'miniBatches.deck=random',
    'miniBatches.deck=4294967296',
    'descent.by=__proto__',
    'mend.noise=0.5',
    'mend.cell=4',
    'mend.cell=4.10',
    'mend.cell=4.9.1',
    '__proto__=1&constructor=2&toString=3&unknown.switch=4',
  ])('%s leaves the defaults', (address) => {
    const before = valuesNow();
    open(address);
    expect(valuesNow()).toEqual(before);
    expect(written()).toBe('');
  });

  it('leave an example to average, whatever the link says', () => {
    open('average.of=3-0-1-2');
    expect(switches.averaged.value).toEqual({ count: 3, without: [] });
    open('average.of=2-0-4');
    expect(switches.averaged.value).toEqual({ count: 2, without: [0] });
  });

  it('hold any text of a stranger without harm', () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^[\d.-]{0,12}$/));
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(states)), text, (key, value) => {
        open(new URLSearchParams({ [key]: value }).toString());
        const found = valuesNow();
        open(written());
        // What is taken from the link is a value that a link can hold.
        expect(valuesNow()).toEqual(found);
      }),
    );
  });
});
