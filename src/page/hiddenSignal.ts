/** Watches whether anybody looks at the page: browsers slow down what nobody looks at, workers included. */

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
