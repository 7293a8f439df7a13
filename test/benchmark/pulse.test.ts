import { expect, test } from 'vitest';

import { Pulse } from '../../src/benchmark/pulse.ts';
import { Random } from '../../src/network/random.ts';

function pulseOf(seconds: readonly number[]): Pulse {
  const pulse = new Pulse();
  for (const one of seconds) pulse.note(one);
  return pulse;
}

test('a processor that becomes slower on the way is noticed, with how much', () => {
  const beats = Array.from({ length: 90 }, (_, n) => (n < 45 ? 0.001 : 0.0015));
  expect(pulseOf(beats).slowdown).toBeCloseTo(1.5, 12);
});

test('noise is not taken for it, however much of it there is', () => {
  const random = new Random(5, 0x9a);
  // A third of all beats are disturbed, up to ten times as long.
  const beats = Array.from({ length: 90 }, () =>
    random.uniform() < 0.33 ? 0.001 * (1 + 9 * random.uniform()) : 0.001,
  );
  expect(pulseOf(beats).slowdown).toBeUndefined();
});

test('a processor that becomes faster is no trouble, and a few beats say nothing', () => {
  expect(
    pulseOf([...Array<number>(30).fill(0.002), ...Array<number>(30).fill(0.001)]).slowdown,
  ).toBeUndefined();
  expect(pulseOf([0.001, 0.001, 0.003, 0.003]).slowdown).toBeUndefined();
});
