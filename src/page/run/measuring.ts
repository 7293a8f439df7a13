/** What a measurement needs of the browser: a page in view, no other measurement, and a screen that stays on. */

/** Of a Web Lock, which all tabs of this origin share. */
const lockName = 'nudge-benchmark';

/**
 * Does `work` when the page is in view and no other tab of this origin measures, because two measurements slow each
 * other down. The screen stays on meanwhile. Browsers without these features do the work without them.
 * @param onWait called if another tab is measuring
 * @throws what `work` throws, or the signal's reason if it aborts while waiting
 */
export async function measureAlone<T>(
  signal: AbortSignal,
  onWait: () => void,
  work: () => Promise<T>,
): Promise<T> {
  for (;;) {
    await untilVisible();
    const done = await withLock(signal, onWait, async () => {
      // A hidden tab gives the lock back, so that other tabs do not wait for it.
      if (document.visibilityState === 'hidden') return undefined;
      const over = new AbortController();
      keepScreenOn(over.signal);
      try {
        return { value: await work() };
      } finally {
        over.abort();
      }
    });
    if (done) return done.value;
  }
}

async function withLock<T>(
  signal: AbortSignal,
  onWait: () => void,
  work: () => Promise<T>,
): Promise<T> {
  // Missing on insecure pages.
  const { locks } = navigator as Partial<Navigator>;
  if (!locks) return await work();
  const state = { hasStarted: false };
  const start = () => {
    state.hasStarted = true;
    return work();
  };
  try {
    const done = await locks.request(lockName, { ifAvailable: true }, async (lock) =>
      lock ? { value: await start() } : undefined,
    );
    if (done) return done.value;
    onWait();
    return await locks.request(lockName, { signal }, start);
  } catch (error) {
    if (state.hasStarted) throw error;
    signal.throwIfAborted();
    // A browser that blocks the page's storage blocks its locks too.
    if (error instanceof DOMException) return await work();
    throw error;
  }
}

async function untilVisible(): Promise<void> {
  while (document.visibilityState === 'hidden') {
    await new Promise((resolve) =>
      document.addEventListener('visibilitychange', resolve, { once: true }),
    );
  }
}

/** Until the signal aborts. A dark screen hides the page, and browsers slow hidden pages down. */
function keepScreenOn(signal: AbortSignal): void {
  const { wakeLock } = navigator as Partial<Navigator>;
  if (!wakeLock) return;
  let held: WakeLockSentinel | undefined;
  const take = async () => {
    if (document.visibilityState === 'hidden') return;
    // Browsers refuse when the battery is low.
    held = await wakeLock.request('screen').catch(() => undefined);
    if (signal.aborted) await held?.release();
  };
  // Browsers release the lock of a hidden page.
  document.addEventListener('visibilitychange', () => void take(), { signal });
  signal.addEventListener('abort', () => void held?.release(), { once: true });
  void take();
}

/** The returned signal aborts when the page is or becomes hidden. @param until stops watching */
export function watchHidden(until: AbortSignal): AbortSignal {
  const hidden = new AbortController();
  const look = () => {
    if (document.visibilityState === 'hidden') hidden.abort();
  };
  document.addEventListener('visibilitychange', look, { signal: until });
  look();
  return hidden.signal;
}
