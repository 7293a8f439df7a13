/** The results at hand: the one made here, and up to two that were opened. One of them is shown; two are compared. */
import type { BenchmarkResult } from '../../benchmark/result/schema.ts';
import { byId, makeButton } from '../elements.ts';
import { makeSharePanel } from '../share/sharePanel.ts';
import { ResultView } from './resultView.ts';

interface Entry {
  readonly result: BenchmarkResult;
  /** Missing of the one that was made here. */
  readonly origin?: string;
}

/** Opened ones that are kept. */
const mostOpened = 2;

export class ResultShelf {
  readonly #view = new ResultView(byId('result', HTMLElement));
  readonly #choice = byId('choice', HTMLElement);
  readonly #comparison = byId('comparison', HTMLElement);
  #own: Entry | undefined;
  #opened: readonly Entry[] = [];

  /** Shows a result that was made here just now, instead of the one before. */
  async showOwn(result: BenchmarkResult): Promise<void> {
    this.#own = { result };
    await this.#show(this.#own);
  }

  /** Shows a result from elsewhere. */
  async open(result: BenchmarkResult, origin: string): Promise<void> {
    const entry = { result, origin };
    this.#opened = [...this.#opened, entry].slice(-mostOpened);
    await this.#show(entry);
  }

  async #show(entry: Entry): Promise<void> {
    const { result, origin } = entry;
    const [before, after, ...others] = this.#entries;
    const buttons = this.#entries.map((one) => {
      const button = makeButton(nameOf(one), 'small-button', () => this.#show(one));
      button.setAttribute('aria-pressed', String(one === entry));
      return button;
    });
    this.#choice.hidden = buttons.length < 2;
    this.#choice.replaceChildren('Show ', ...buttons);
    this.#comparison.replaceChildren();
    this.#comparison.hidden = !after;
    if (before && after) {
      const last = others.at(-1) ?? after;
      const named = (one: Entry) => ({ result: one.result, name: one.origin ?? 'this run' });
      const { makeComparison } = await import('../share/comparison.ts');
      this.#comparison.replaceChildren(makeComparison(named(before), named(last)));
    }
    await this.#view.show(result, { origin, share: makeSharePanel(result) });
  }

  /** What was opened first, what was made here last: the order in which they are compared. */
  get #entries(): readonly Entry[] {
    return [...this.#opened, ...(this.#own ? [this.#own] : [])];
  }
}

function nameOf({ origin }: Entry): string {
  return origin ?? 'This run';
}
