import { describe, expect, it } from 'vitest';

import { FormatError } from '../../src/errors.ts';
import type { PageJob } from '../../src/page/jobs/pageJob.ts';
import { createNudgePage, decode, encode } from '../../src/page/nudgePage.ts';
import { encodeError } from '../../src/page/wire.ts';

const jobs: Record<string, PageJob> = {
  double: (value: number) => Promise.resolve(2 * value),
  fail: () => Promise.reject(new FormatError('The file is too short.', 4)),
  count: (_, { emit }) => {
    void emit({ step: 1 });
    void emit({ step: 2 });
    return Promise.resolve('done');
  },
  untilAborted: (_, { signal }) =>
    new Promise((resolve) => signal.addEventListener('abort', () => resolve('stopped'))),
  ask: async (_, { emit }) => `It says ${String(await emit('Who?'))}.`,
  unsendable: () => Promise.resolve(new WeakMap()),
};
const page = createNudgePage(jobs);
const ignoreEvents = () => Promise.resolve();

const across = (value: unknown) => decode(encode(value));

describe('values', () => {
  it.each([
    ['plain data', { layers: [784, 16, 10], name: 'lecture', on: true, off: null }],
    ['nothing', undefined],
    ['null', null],
    ['a string that looks like JSON', '{"$number":"NaN"}'],
    ['an empty array', []],
    ['text beyond ASCII', 'Übung ✓ 𝒙'],
  ])('%s arrives as it was', (_, value) => {
    expect(across(value)).toEqual(value);
  });

  it('numbers that are not finite arrive as themselves, and not as null', () => {
    const value = { cost: NaN, largest: [Infinity, -Infinity], zero: -0, rate: 0.1 };
    expect(across(value)).toEqual(value);
  });

  it.each([
    new Uint8Array([0, 1, 127, 128, 255]),
    new Uint32Array([0, 0xffffffff]),
    new Int32Array([-1, 7]),
    new Float32Array([0.1, -0, NaN, Infinity, 1e-45]),
    new Float64Array([Math.PI, Number.MIN_VALUE]),
    new Float32Array(0),
  ])('a typed array arrives with its type and its bits: %o', (array) => {
    const arrived = across({ array }) as { array: typeof array };
    expect(arrived.array.constructor).toBe(array.constructor);
    expect(new Uint8Array(arrived.array.buffer)).toEqual(new Uint8Array(array.buffer));
  });

  it('of a view, the viewed part arrives and no more', () => {
    const view = new Float32Array([1, 2, 3, 4]).subarray(1, 3);
    expect(across(view)).toEqual(new Float32Array([2, 3]));
  });

  it('an array larger than a function takes arguments arrives whole', () => {
    const large = Uint8Array.from({ length: 1_000_003 }, (_, i) => (i * 31) & 255);
    expect(Buffer.from(across(large) as Uint8Array).equals(Buffer.from(large))).toBe(true);
  });

  it('memory that threads share arrives as a copy', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(3), 1).fill(7);
    expect(across(shared)).toEqual(new Uint8Array([7, 7]));
  });

  it('a value that cannot be encoded is refused', () => {
    expect(() => encode({ answer: () => 42 })).toThrow('Cannot stringify a function');
    expect(() => encode(new WeakMap())).toThrow('Cannot stringify arbitrary non-POJOs');
  });
});

describe('a call', () => {
  it('gives the value of the job', async () => {
    expect(decode(await page.call(1, 'double', encode(21), ignoreEvents))).toEqual({
      ok: true,
      value: 42,
    });
  });

  it('gives the error of the job as data', async () => {
    expect(decode(await page.call(1, 'fail', encode(null), ignoreEvents))).toMatchObject({
      ok: false,
      error: { name: 'FormatError', message: 'The file is too short.', fields: { offset: 4 } },
    });
  });

  it.each(['toString', '__proto__', 'train'])(
    'of the unknown job %s names the known',
    async (name) => {
      expect(decode(await page.call(1, name, encode(null), ignoreEvents))).toMatchObject({
        ok: false,
        error: {
          name: 'ConfigurationError',
          message: `The page knows no job '${name}'. It knows: double, fail, count, untilAborted, ask, unsendable.`,
        },
      });
    },
  );

  it('fails if its value cannot be encoded, and does not hang', async () => {
    expect(decode(await page.call(1, 'unsendable', encode(null), ignoreEvents))).toMatchObject({
      ok: false,
      error: { name: 'DevalueError' },
    });
  });

  it('that is aborted tells its own job and no other', async () => {
    const first = page.call(1, 'untilAborted', encode(null), ignoreEvents);
    const second = page.call(2, 'untilAborted', encode(null), ignoreEvents);
    page.abort(1);
    page.abort(77);
    expect(decode(await first)).toEqual({ ok: true, value: 'stopped' });
    expect(await Promise.race([second, Promise.resolve('still running')])).toBe('still running');
    page.abort(2);
    expect(decode(await second)).toEqual({ ok: true, value: 'stopped' });
  });
});

describe('events', () => {
  it('arrive in order, and the outcome only after they have been taken', async () => {
    const log: unknown[] = [];
    const outcome = await page.call(9, 'count', encode(null), async (id, event) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      log.push([id, decode(event)]);
    });
    expect(log).toEqual([
      [9, { step: 1 }],
      [9, { step: 2 }],
    ]);
    expect(decode(outcome)).toEqual({ ok: true, value: 'done' });
  });

  it('that cannot be delivered fail the call', async () => {
    const outcome = await page.call(9, 'count', encode(null), () =>
      Promise.reject(new Error('the listener is gone')),
    );
    expect(decode(outcome)).toMatchObject({
      ok: false,
      error: { message: 'the listener is gone' },
    });
  });
});

describe('a job that asks', () => {
  const ask = async (outcome: unknown) =>
    decode(await page.call(1, 'ask', encode(null), () => Promise.resolve(encode(outcome))));

  it('gets the answer', async () => {
    expect(await ask({ ok: true, value: 'nudge' })).toEqual({ ok: true, value: 'It says nudge.' });
  });

  it('gets the error of an answer that failed, in its class', async () => {
    const error = encodeError(new FormatError('That is no name.', 2));
    const { name, message, fields } = error;
    expect(await ask({ ok: false, error })).toMatchObject({
      ...{ ok: false, error: { name, message, fields } },
    });
  });
});
