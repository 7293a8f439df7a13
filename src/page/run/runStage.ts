/** How the page is laid out while a run is under way, and where the reader is meanwhile. */
import { byId, goTo } from '../elements.ts';

export class RunStage {
  readonly #main = byId('main', HTMLElement);
  readonly #strip = byId('start', HTMLElement).closest('.top')!;
  readonly #live = byId('live', HTMLElement);
  #over = new AbortController();
  #hasScrolledAway = false;

  /** Makes the top a strip that stays in view, with the run below it. */
  begin(): void {
    this.#main.classList.add('is-compact', 'is-running');
    // It stays a strip afterwards, so that nothing jumps again; what it has no room for moves below the results.
    byId('more', HTMLElement).prepend(byId('training-data', HTMLElement));
    this.#over = new AbortController();
    this.#hasScrolledAway = false;
    const look = () => {
      // The run's charts take about one window.
      this.#hasScrolledAway = scrollY > innerHeight / 2;
    };
    addEventListener('scroll', look, { passive: true, signal: this.#over.signal });
  }

  /** The run is over. Its charts stay until {@link clear}, so that nothing moves before there is a result to show. */
  end(): void {
    this.#over.abort();
    this.#main.classList.remove('is-running');
  }

  /** Whether the reader has turned to something else than the run. */
  get isReaderElsewhere(): boolean {
    return this.#hasScrolledAway || this.#hasFocusElsewhere;
  }

  get #hasFocusElsewhere(): boolean {
    const { activeElement, body } = document;
    return activeElement !== null && activeElement !== body && !this.#strip.contains(activeElement);
  }

  /** Takes the run's charts off. */
  clear(): void {
    this.#live.dispatchEvent(new Event('clear'));
  }

  /** Gives a finished run's result the focus, and brings it into view unless the reader is elsewhere. */
  show(heading: HTMLElement): void {
    if (this.#hasFocusElsewhere) return;
    if (this.#hasScrolledAway) heading.focus({ preventScroll: true });
    else goTo(heading);
  }
}
