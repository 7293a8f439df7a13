import { describe, expect, it } from 'vitest';

import * as errors from '../../src/errors.ts';
import { decode, decodeError, encode, encodeError } from '../../src/page/wire.ts';

const across = (value: unknown) => decode(encode(value));

/** An error's journey, through text as in life. */
function errorAcross(error: unknown): Error {
  return decodeError(decode(encode(encodeError(error))) as ReturnType<typeof encodeError>);
}

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
    const value = { cost: NaN, largest: [Infinity, -Infinity], rate: 0.1 };
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

  it('an array of a type without a way across is refused, not mangled', () => {
    expect(() => encode(new BigInt64Array(1))).toThrow(
      'A BigInt64Array cannot travel to or from the page.',
    );
  });
});

describe('errors', () => {
  const samples: Record<string, Error> = {
    DeviceLostError: new errors.DeviceLostError('timeout', 'The GPU has finished nothing.'),
    FormatError: new errors.FormatError('The file is too short.', 17),
  };
  for (const [name, Class] of Object.entries(errors)) {
    samples[name] ??= new (Class as typeof errors.NudgeError)(`A ${name}.`);
  }

  it.each(Object.entries(samples))('a %s arrives in its class', (name, error) => {
    const arrived = errorAcross(error);
    expect(arrived.constructor).toBe(errors[name as keyof typeof errors]);
    expect(arrived).toMatchObject({ name, message: error.message });
    expect(arrived.stack).toBe(error.stack);
  });

  it('the fields of an error arrive', () => {
    expect(errorAcross(samples.DeviceLostError)).toHaveProperty('reason', 'timeout');
    expect(errorAcross(samples.FormatError)).toHaveProperty('offset', 17);
  });

  it('a class that a minifier has renamed is known by its exported name', () => {
    const error = new errors.LimitError('Too large.');
    error.name = 'e';
    expect(errorAcross(error)).toBeInstanceOf(errors.LimitError);
  });

  it('causes arrive, as deep as they go', () => {
    const cause = new RangeError('inner', { cause: 'text' });
    const arrived = errorAcross(new errors.ShaderError('outer', { cause }));
    expect(arrived.cause).toMatchObject({ name: 'RangeError', message: 'inner' });
    expect((arrived.cause as Error).cause).toMatchObject({ message: 'text' });
  });

  it('an error of elsewhere keeps its name and is none of ours', () => {
    const arrived = errorAcross(new TypeError('x is not a function'));
    expect(arrived).toMatchObject({ name: 'TypeError', message: 'x is not a function' });
    expect(arrived).not.toBeInstanceOf(errors.NudgeError);
  });

  it('something thrown that is no error arrives as one', () => {
    expect(errorAcross('out of luck')).toMatchObject({ message: 'out of luck' });
  });
});
