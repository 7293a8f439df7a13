/** The results at hand: the one made here, and up to two that were opened. One of them is shown; two are compared. */
import type { BenchmarkResult } from '../../benchmark/result/schema.ts';
import type { ResultSummary } from '../../benchmark/result/summary.ts';
import { byId, makeButton } from '../elements.ts';
import type { NamedResult } from '../share/comparison.ts';
import { makeSharePanel } from '../share/sharePanel.ts';
import { scoreSentence } from './findings.ts';
import { ResultView } from './resultView.ts';

interface Entry {
  readonly result: BenchmarkResult;
  readonly name: string;
  /** Says that the result was not made just now, and where it is from. */
  readonly tag?: string;
}

/** What is on the page now. */
export interface Shown {
  /** Can have the focus. */
  readonly heading: HTMLElement;
  /** The scores in a sentence, as the heading has it. */
  readonly sentence: string;
}

/** Opened ones that are kept at hand. */
const maxOpened = 2;

export class ResultShelf {
  readonly #view = new ResultView(byId('result', HTMLElement));
  readonly #choice = byId('choice', HTMLElement);
  readonly #comparison = byId('comparison', HTMLElement);
  #own: Entry | undefined;
  #opened: readonly Entry[] = [];

  /**
   * Shows a result that was made here just now, instead of the one before.
   * @param onShown told once its top is on the page; the rest follows
   */
  async showOwn(result: BenchmarkResult, onShown: (shown: Shown) => void): Promise<void> {
    this.#own = { result, name: 'This run' };
    await this.#compareEntries();
    const parts = this.#show(this.#own);
    onShown({ heading: this.#view.heading, sentence: scoreSentence(result) });
    await parts;
  }

  /**
   * Shows results from elsewhere, the last of them in full.
   * @returns its heading
   */
  async open(
    opened: readonly { readonly result: BenchmarkResult; readonly origin: string }[],
  ): Promise<HTMLElement> {
    const entries = opened.map(({ result, origin }) => {
      return { result, name: origin, tag: `Opened, not run here: ${origin}` };
    });
    this.#opened = [...this.#opened, ...entries].slice(-maxOpened);
    const heading = await this.#compareEntries();
    void this.#show(this.#opened.at(-1)!);
    // Several files are opened to be compared.
    return opened.length > 1 && heading ? heading : this.#view.heading;
  }

  /** Shows what a short link has. @returns the heading */
  openSummary(summary: ResultSummary): HTMLElement {
    this.#clearComparison();
    this.#offerChoice(undefined);
    this.#view.showSummary(summary);
    return this.#view.heading;
  }

  /** Shows one of the results that this browser keeps. @returns its heading */
  showKept(result: BenchmarkResult, when: string): HTMLElement {
    this.#clearComparison();
    void this.#show({ result, name: when, tag: `From your results: ${when}` });
    return this.#view.heading;
  }

  /** Compares any two. @returns the comparison's heading */
  async compare(first: NamedResult, second: NamedResult): Promise<HTMLElement> {
    const { makeComparison } = await import('../share/comparison.ts');
    const made = makeComparison(first, second);
    this.#comparison.replaceChildren(made);
    this.#comparison.hidden = false;
    return made.querySelector('h2')!;
  }

  #show(entry: Entry): Promise<void> {
    const { result, tag } = entry;
    this.#offerChoice(entry);
    return this.#view.show(result, { tag, share: makeSharePanel(result) });
  }

  #offerChoice(shown: Entry | undefined): void {
    const buttons = this.#entries.map((one) => {
      const button = makeButton(one.name, 'small-button', () => this.#show(one));
      button.setAttribute('aria-pressed', String(one === shown));
      return button;
    });
    this.#choice.hidden = buttons.length < 2;
    this.#choice.replaceChildren('Show ', ...buttons);
  }

  /** What was opened first by what was made here, or opened, last. */
  async #compareEntries(): Promise<HTMLElement | undefined> {
    const [first, second, ...others] = this.#entries;
    if (first && second) return await this.compare(first, others.at(-1) ?? second);
    this.#clearComparison();
    return undefined;
  }

  #clearComparison(): void {
    this.#comparison.replaceChildren();
    this.#comparison.hidden = true;
  }

  /** What was opened first, what was made here last: the order in which they are compared. */
  get #entries(): readonly Entry[] {
    return [...this.#opened, ...(this.#own ? [this.#own] : [])];
  }
}
