/** The results at hand: this page's own run, and up to two opened ones. One is shown, and two are compared. */
import type { BenchmarkResult } from '../../benchmark/result/schema.ts';
import type { ResultSummary } from '../../benchmark/result/summary.ts';
import { byId, makeButton } from '../elements.ts';
import type { NamedResult } from '../share/comparison.ts';
import { makeSharePanel } from '../share/sharePanel.ts';
import { ResultView } from './resultView.ts';

interface Entry extends NamedResult {
  /** Where the result is from, if it was not made here just now. */
  readonly tag?: string;
}

const maxOpened = 2;

export class ResultShelf {
  readonly #view = new ResultView(byId('result', HTMLElement));
  readonly #choice = byId('choice', HTMLElement);
  readonly #comparison = byId('comparison', HTMLElement);
  #own: Entry | undefined;
  #opened: readonly Entry[] = [];

  /**
   * Shows the result of this page's run.
   * @param onShown called with the heading when the top is on the page; the cards follow
   */
  async showOwn(result: BenchmarkResult, onShown: (heading: HTMLElement) => void): Promise<void> {
    this.#own = { result, name: 'This run' };
    await this.#compareEntries();
    const cards = this.#show(this.#own);
    onShown(this.#view.heading);
    await cards;
  }

  /** Shows the last of these results, and compares it if there are two. @returns the heading to focus */
  async open(opened: readonly NamedResult[]): Promise<HTMLElement> {
    const entries = opened.map(({ result, name }) => {
      return { result, name, tag: `Opened, not run here: ${name}` };
    });
    this.#opened = [...this.#opened, ...entries].slice(-maxOpened);
    const comparison = await this.#compareEntries();
    void this.#show(this.#opened.at(-1)!);
    // Readers open several files to compare them.
    return opened.length > 1 && comparison ? comparison : this.#view.heading;
  }

  /** @returns the heading */
  openSummary(summary: ResultSummary): HTMLElement {
    this.#comparison.hidden = true;
    this.#offerChoice(undefined);
    this.#view.showSummary(summary);
    return this.#view.heading;
  }

  /** Shows a result that this browser keeps. @returns the heading */
  showKept(result: BenchmarkResult, when: string): HTMLElement {
    this.#comparison.hidden = true;
    void this.#show({ result, name: when, tag: `From your results: ${when}` });
    return this.#view.heading;
  }

  /** @returns the comparison's heading */
  async compare(first: NamedResult, second: NamedResult): Promise<HTMLElement> {
    const { makeComparison } = await import('../share/comparison.ts');
    const made = makeComparison(first, second);
    this.#comparison.replaceChildren(made);
    this.#comparison.hidden = false;
    return made.querySelector('h2')!;
  }

  #show(entry: Entry): Promise<void> {
    this.#offerChoice(entry);
    return this.#view.show(entry.result, makeSharePanel(entry.result), entry.tag);
  }

  #offerChoice(shown: Entry | undefined): void {
    const buttons = this.#entries.map((entry) => {
      const button = makeButton(entry.name, () => this.#show(entry));
      button.setAttribute('aria-pressed', String(entry === shown));
      return button;
    });
    this.#choice.hidden = buttons.length < 2;
    this.#choice.replaceChildren('Show ', ...buttons);
  }

  /** Compares the first entry with the last, if there are two. @returns the comparison's heading */
  async #compareEntries(): Promise<HTMLElement | undefined> {
    const [first, ...others] = this.#entries;
    const last = others.at(-1);
    if (first && last) return await this.compare(first, last);
    this.#comparison.hidden = true;
    return undefined;
  }

  /** In the order in which they are compared: opened ones, then this run. */
  get #entries(): readonly Entry[] {
    return [...this.#opened, ...(this.#own ? [this.#own] : [])];
  }
}
