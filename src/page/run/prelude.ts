/**
 * A network that learns beside the Start button until something is measured. It starts when its place has been in view
 * for a moment, so it costs nothing to readers who start at once.
 */
import { byId } from '../elements.ts';

/** Time that its place is in view before it starts. */
const calmMs = 1_500;

export class Prelude {
  readonly #place = byId('prelude', HTMLElement);
  readonly #over = new AbortController();
  #end: (() => void) | undefined;

  /** Shows the network soon; nothing, if its code or its worker cannot be loaded. */
  async show(): Promise<void> {
    const { signal } = this.#over;
    const hide = () => (this.#place.hidden = true);
    await inViewFor(calmMs, this.#place, signal);
    try {
      const { showLiveNetwork } = await import('../lesson/liveNetwork.tsx');
      // Its worker starts below, and never after a measurement has begun.
      if (signal.aborted) return;
      this.#end = showLiveNetwork(this.#place, {
        stillStep: 300,
        pace: 'sparing',
        heightOf: () => 240,
        onProblem: hide,
      });
    } catch {
      hide();
    }
  }

  /** Ends its worker, if there is one, before this returns. The picture stands still from then on. */
  end(): void {
    this.#over.abort();
    this.#end?.();
  }
}

/** Resolves when the element has been in view for this long in one go; never, if the signal aborts before. */
async function inViewFor(ms: number, element: Element, signal: AbortSignal): Promise<void> {
  const watch = new AbortController();
  let isInView = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const found = new Promise<void>((resolve) => {
    const look = () => {
      clearTimeout(timer);
      if (isInView && !document.hidden) timer = setTimeout(resolve, ms);
    };
    const observer = new IntersectionObserver((entries) => {
      isInView = entries.at(-1)!.isIntersecting;
      look();
    });
    observer.observe(element);
    document.addEventListener('visibilitychange', look, { signal: watch.signal });
    watch.signal.addEventListener('abort', () => {
      observer.disconnect();
      clearTimeout(timer);
    });
  });
  signal.addEventListener('abort', () => watch.abort());
  if (signal.aborted) watch.abort();
  await found;
  watch.abort();
}
