/** How long a page keeps its own thread busy at a time. */
import type { Page } from 'puppeteer';

/** An event of Chromium's tracing, as far as it is read; times in µs. */
interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** The thread's own time, in which it really ran. */
  readonly tdur?: number;
}

const flag = 'nudge-page';

/**
 * Does `work` and gives the longest task of the page's thread meanwhile, in milliseconds of the thread's own time: what
 * else runs on the machine, the benchmark above all, makes tasks longer by the clock, and not by this.
 */
export async function longestTaskMs(page: Page, work: () => Promise<void>): Promise<number> {
  await page.tracing.start({ categories: ['toplevel', 'blink.user_timing'] });
  // Tells the page's thread from that of Chromium's own pages.
  await page.evaluate((name) => void performance.mark(name), flag);
  await work();
  const trace = await page.tracing.stop();
  const { traceEvents } = JSON.parse(new TextDecoder().decode(trace)) as {
    traceEvents: readonly TraceEvent[];
  };
  const own = traceEvents.find(({ name }) => name === flag);
  const times = traceEvents.flatMap(({ name, pid, tid, tdur = 0 }) =>
    name.endsWith('RunTask') && pid === own?.pid && tid === own.tid ? [tdur / 1000] : [],
  );
  if (times.length === 0) throw new Error('The trace has no task of the page.');
  return Math.max(...times);
}
