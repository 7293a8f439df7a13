import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { nextTurn, TimeSlice } from '../../src/engine/timeSlice.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

describe('nextTurn', () => {
  it('lets timers fire that are due', async () => {
    let fired = false;
    setTimeout(() => {
      fired = true;
    }, 0);
    const until = performance.now() + 5;
    while (performance.now() < until);
    await Promise.resolve();
    expect(fired).toBe(false);
    // A timer that is due fires at the latest when the loop has gone round twice.
    await nextTurn();
    await nextTurn();
    expect(fired).toBe(true);
  });

  it('leaves nothing open that keeps a process alive', () => {
    const module = fileURLToPath(new URL('../../src/engine/timeSlice.ts', import.meta.url));
    const script = `const { nextTurn } = await import(${JSON.stringify(module)}); await nextTurn(); console.log('turned');`;
    const output = execFileSync(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '--eval', script],
      { encoding: 'utf8', timeout: 60_000 },
    );
    expect(output).toBe('turned\n');
  });
});

describe('TimeSlice', () => {
  it('is over after 12 ms, and begins again in the next turn', async () => {
    let now = 1000;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    const slice = new TimeSlice();
    now += 11;
    expect(slice.isOver()).toBe(false);
    now += 1;
    expect(slice.isOver()).toBe(true);
    await slice.next();
    now += 11;
    expect(slice.isOver()).toBe(false);
    now += 1;
    expect(slice.isOver()).toBe(true);
  });
});
