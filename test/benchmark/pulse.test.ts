import { expect, test } from 'vitest';

import { PulseMeter, readPulse } from '../../src/benchmark/pulse.ts';

test('a pulse is the shortest beat, and the share of time that longer ones lost', () => {
  // Milliseconds. The second thread was interrupted once, for as long as eight beats take.
  const { beatSeconds, taken } = readPulse([
    [0.4, 0.4, 0.4, 0.4],
    [0.5, 0.5, 4.5, 0.5],
  ]);
  expect(beatSeconds).toBeCloseTo(0.45e-3, 12);
  expect(taken).toBeCloseTo(4 / 7.6, 12);
  expect(readPulse([[0.4, 0.4]])).toEqual({ beatSeconds: 0.4e-3, taken: 0 });
});

test('beats are long against the timer, and equally long for a later meter', async () => {
  const meter = (await PulseMeter.start(undefined, 1e-6))!;
  const later = (await PulseMeter.start(meter.rounds, 1e-6))!;
  try {
    const looks = [await meter.look(), await later.look(), await meter.look()];
    for (const { beatSeconds, taken } of looks) {
      // A beat of 0.4 ms was aimed at. However busy the machine, one in eleven is not interrupted.
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
