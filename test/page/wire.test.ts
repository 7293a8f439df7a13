import { expect, it } from 'vitest';

import * as errors from '../../src/errors.ts';
import { decode, encode } from '../../src/page/nudgePage.ts';
import { decodeError, encodeError, type WireError } from '../../src/page/wire.ts';

/** An error's journey from the page to Node; between threads, the browser copies instead. */
function errorAcross(error: unknown): Error {
  return decodeError(decode(encode(encodeError(error))) as WireError);
}

const samples: Record<string, Error> = {
  DeviceLostError: new errors.DeviceLostError('timeout', 'The GPU has finished nothing.'),
  TrainingInterruptedError: new errors.TrainingInterruptedError('unknown', 'It was lost.', {
    ...{ step: 3, epoch: 0, stepOfEpoch: 3, layers: [2, 1] },
    ...{ parameters: Float32Array.of(1, 2, 3), moments: [] },
  }),
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
  expect(errorAcross(samples.TrainingInterruptedError)).toMatchObject({
    reason: 'unknown',
    snapshot: { step: 3, layers: [2, 1], parameters: Float32Array.of(1, 2, 3) },
  });
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
