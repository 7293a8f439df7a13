/** Whether the page is in view: browsers slow hidden pages down, workers included. */

/** A signal that aborts once the page is hidden, be it already; and an end to the watching. */
export function watchHidden(): { readonly signal: AbortSignal; readonly dispose: () => void } {
  const hidden = new AbortController();
  const look = () => {
    if (document.visibilityState === 'hidden') hidden.abort();
  };
  document.addEventListener('visibilitychange', look);
  look();
  return {
    signal: hidden.signal,
    dispose: () => document.removeEventListener('visibilitychange', look),
  };
}

/** Resolves once the page is in view. */
export async function untilVisible(): Promise<void> {
  while (document.visibilityState === 'hidden') {
    await new Promise((resolve) =>
      document.addEventListener('visibilitychange', resolve, { once: true }),
    );
  }
}
