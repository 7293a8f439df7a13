/** How long a page keeps its own thread busy at a time. */
import type { Page } from 'puppeteer';

/** An event of Chromium's tracing, as far as it is read; times in µs. */
interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** The thread's own time, in which it really ran. */
  readonly tdur?: number;
  readonly args: { readonly name?: string };
}

/**
 * Does `work` and gives the longest task of the page's thread meanwhile, in milliseconds of the thread's own time: what
 * else runs on the machine, the benchmark above all, makes tasks longer by the clock, and not by this.
 */
export async function longestTaskMs(page: Page, work: () => Promise<void>): Promise<number> {
  await page.tracing.start({ categories: ['toplevel'] });
  await work();
  const trace = await page.tracing.stop();
  const { traceEvents } = JSON.parse(new TextDecoder().decode(trace)) as {
    traceEvents: readonly TraceEvent[];
  };
  const threads = traceEvents.filter(
    ({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain',
  );
  const times = traceEvents.flatMap(({ name, pid, tid, tdur }) =>
    name.endsWith('RunTask') && threads.some((thread) => thread.pid === pid && thread.tid === tid)
      ? [(tdur ?? 0) / 1000]
      : [],
  );
  if (times.length === 0) throw new Error('The trace has no task of the page.');
  return Math.max(...times);
}
