/** What a measurement asks of the browser: the machine for itself, a screen that stays on, and no closing by accident. */

import { untilVisible } from '../hiddenSignal.ts';

/** Of a Web Lock, which all tabs of this origin share. */
const lockName = 'nudge-benchmark';

/**
 * Does `work` once the page is in view and while no other tab of this origin measures: two at a time would slow each other
 * down. The screen stays on meanwhile. A browser without these features does the work all the same.
 * @param onWait told if another tab is measuring, and this one has to wait
 * @throws what `work` throws; the signal's reason, if it aborts while waiting
 */
export async function measureAlone<T>(
  signal: AbortSignal,
  onWait: () => void,
  work: () => Promise<T>,
): Promise<T> {
  let release = await reserveMachine(signal, onWait);
  // A tab that opens, or waits, in the background measures when it is in view, and keeps none waiting before.
  while (document.visibilityState === 'hidden') {
    release();
    await untilVisible();
    release = await reserveMachine(signal, onWait);
  }
  const over = new AbortController();
  keepScreenOn(over.signal);
  try {
    return await work();
  } finally {
    over.abort();
    release();
  }
}

async function reserveMachine(signal: AbortSignal, onWait: () => void): Promise<() => void> {
  const nothing = () => undefined;
  // Missing on pages that are not secure.
  const { locks } = navigator as Partial<Navigator>;
  if (!locks) return nothing;
  const take = (options: LockOptions) =>
    new Promise<(() => void) | undefined>((resolve, reject) => {
      locks
        .request(lockName, options, (lock) =>
          lock ? new Promise<void>((release) => resolve(release)) : resolve(undefined),
        )
        .catch(reject);
    });
  try {
    const release = await take({ ifAvailable: true });
    if (release) return release;
    onWait();
    return (await take({ signal })) ?? nothing;
  } catch (error) {
    signal.throwIfAborted();
    // A browser that blocks this page's storage blocks its locks too.
    if (error instanceof DOMException) return nothing;
    throw error;
  }
}

/** Until the signal aborts. A screen that goes dark hides the page, and hidden pages are slowed down. */
function keepScreenOn(signal: AbortSignal): void {
  const { wakeLock } = navigator as Partial<Navigator>;
  if (!wakeLock) return;
  let held: WakeLockSentinel | undefined;
  const take = async () => {
    if (document.visibilityState === 'hidden') return;
    // Refused when the battery is low, for example.
    held = await wakeLock.request('screen').catch(() => undefined);
    if (signal.aborted) await held?.release();
  };
  // Browsers release the lock of a page that is hidden.
  document.addEventListener('visibilitychange', () => void take(), { signal });
  signal.addEventListener('abort', () => void held?.release(), { once: true });
  void take();
}

/** Has the browser ask before the page is left, until the signal aborts. */
export function askBeforeLeaving(signal: AbortSignal): void {
  addEventListener('beforeunload', (event) => event.preventDefault(), { signal });
}
