/** The layout of the page during a run, and whether the reader looks at the run. */
import { byId, goTo } from '../elements.ts';

export class RunStage {
  readonly #main = byId('main', HTMLElement);
  readonly #strip = byId('start', HTMLElement).closest('.top')!;
  readonly #live = byId('live', HTMLElement);
  #over = new AbortController();
  #hasScrolledAway = false;

  /** Shrinks the top to a strip that stays in view, with the run below it. */
  begin(): void {
    this.#main.classList.add('is-compact', 'is-running');
    // The strip has no room for the picture. It stays a strip after the run, so that nothing moves again.
    byId('training-data', HTMLElement).after(byId('prelude', HTMLElement));
    this.#over = new AbortController();
    this.#hasScrolledAway = false;
    const look = () => {
      // The run's charts take about one window.
      this.#hasScrolledAway = scrollY > innerHeight / 2;
    };
    addEventListener('scroll', look, { passive: true, signal: this.#over.signal });
  }

  /** Ends the run. Its charts stay until {@link clear}, so that nothing moves before there is a result to show. */
  end(): void {
    this.#over.abort();
    this.#main.classList.remove('is-running');
  }

  /** Removes the run's charts. */
  clear(): void {
    this.#live.hidden = true;
    this.#live.replaceChildren();
  }

  /** Whether the reader has turned to another part of the page. */
  get isReaderElsewhere(): boolean {
    return this.#hasScrolledAway || this.#hasFocusElsewhere;
  }

  get #hasFocusElsewhere(): boolean {
    const { activeElement, body } = document;
    return activeElement !== null && activeElement !== body && !this.#strip.contains(activeElement);
  }

  /** Focuses the result's heading, and scrolls to it, unless the reader is elsewhere. */
  show(heading: HTMLElement): void {
    if (this.#hasFocusElsewhere) return;
    if (this.#hasScrolledAway) heading.focus({ preventScroll: true });
    else goTo(heading);
  }
}
