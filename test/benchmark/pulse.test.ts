import { expect, test } from 'vitest';

import { PulseMeter, readPulse } from '../../src/benchmark/pulse.ts';

test('a pulse has the shortest beat and the share of time lost in longer beats', () => {
  // Milliseconds. The second thread was interrupted once for eight beats.
  const { beatSeconds, taken } = readPulse([
    [0.4, 0.4, 0.4, 0.4],
    [0.5, 0.5, 4.5, 0.5],
  ]);
  expect(beatSeconds).toBeCloseTo(0.45e-3, 12);
  expect(taken).toBeCloseTo(4 / 7.6, 12);
  expect(readPulse([[0.4, 0.4]])).toEqual({ beatSeconds: 0.4e-3, taken: 0 });
});

test('beats are long compared with the timer, and a later meter has equal beats', async () => {
  const meter = (await PulseMeter.start(undefined, 1e-6))!;
  const later = (await PulseMeter.start(meter.rounds, 1e-6))!;
  try {
    const looks = [await meter.look(), await later.look(), await meter.look()];
    for (const { beatSeconds, taken } of looks) {
      // The target is 0.4 ms. Even on a busy machine, some beats are not interrupted.
      expect(beatSeconds).toBeGreaterThan(1e-4);
      expect(taken).toBeGreaterThanOrEqual(0);
      expect(taken).toBeLessThan(1);
    }
    expect(later.rounds).toBe(meter.rounds);
  } finally {
    meter.end();
    later.end();
  }
});
