/** Cross-origin isolation where the server does not give it; see serviceWorker.ts. */
import { trustOwnScripts } from './worker/trust.ts';

/** Remembers within a tab that the page was reloaded for isolation, so that it never reloads again and again. */
const reloadedKey = 'nudge isolated';

/**
 * Installs the service worker and reloads the page once, if that can isolate it. Never throws: without isolation the
 * page works on one thread.
 * @returns whether the page is about to reload
 */
export async function isolate(): Promise<boolean> {
  const workers = (navigator as Partial<Navigator>).serviceWorker;
  if (crossOriginIsolated || !isSecureContext || !workers) return false;
  try {
    if (sessionStorage.getItem(reloadedKey) !== null) return false;
    trustOwnScripts();
    await workers.register('./serviceWorker.js');
    await workers.ready;
    sessionStorage.setItem(reloadedKey, 'once');
    location.reload();
    return true;
  } catch {
    // The host, a policy or the reader's settings forbid service workers or storage.
    return false;
  }
}
