/** A link holds a moment, and a bad link breaks nothing. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

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
