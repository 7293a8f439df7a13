/** The list of the results that this browser keeps: to be shown again, compared, deleted. */
import type { BenchmarkResult } from '../../benchmark/result/schema.ts';
import { byId, goTo, make, makeButton } from '../elements.ts';
import { errorSentence } from '../sentences.ts';
import { describeMoment, machineSentence, scoresLine } from './findings.ts';
import type { ResultShelf } from './resultShelf.ts';
import { forget, forgetAll, keep, listKept, maxKept, type KeptResult } from './resultStore.ts';

export class KeptResults {
  readonly #root = byId('kept', HTMLElement);
  readonly #shelf: () => Promise<ResultShelf>;
  readonly #title = make('h2', { id: 'kept-title', tabindex: '-1' }, 'Your results');
  readonly #list = make('ul', { class: 'kept-list' });
  readonly #status = make('p', { class: 'small', role: 'status' });
  readonly #compare = makeButton('', 'small-button', () => this.#compareChosen());
  readonly #deleteAll = makeButton('Delete all', 'small-button', () => this.#deleteEach());
  /** What can be compared, the newest first, each with its checkbox. */
  #rows: readonly { readonly box: HTMLInputElement; readonly result: BenchmarkResult }[] = [];

  /** @param shelf shows results and compares them */
  constructor(shelf: () => Promise<ResultShelf>) {
    this.#shelf = shelf;
    const note = `The latest ${maxKept} runs, kept in this browser and nowhere else.`;
    this.#root.replaceChildren(
      this.#title,
      make('p', { class: 'small' }, note),
      this.#list,
      make('div', { class: 'buttons' }, this.#compare, this.#deleteAll),
      this.#status,
    );
  }

  /** Shows what is kept. That a browser keeps nothing is no news before there is something to keep. */
  async show(): Promise<void> {
    try {
      this.#write(await listKept());
    } catch {
      this.#root.hidden = true;
    }
  }

  /** Keeps a result, and shows the list with it. */
  async keep(result: BenchmarkResult): Promise<void> {
    await this.#change(() => keep(result));
  }

  async #delete(key: string, when: string): Promise<void> {
    if (!confirm(`Delete the result of ${when}?`)) return;
    await this.#change(() => forget(key));
    this.#focusList();
  }

  async #deleteEach(): Promise<void> {
    if (!confirm('Delete all results that this browser keeps?')) return;
    await this.#change(forgetAll);
    this.#focusList();
  }

  /** The button that had the focus is gone. */
  #focusList(): void {
    if (this.#root.hidden) byId('start', HTMLElement).focus();
    else this.#title.focus();
  }

  async #change(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.#write(await listKept());
      this.#status.textContent = '';
    } catch (error) {
      this.#root.hidden = false;
      this.#status.textContent = errorSentence(error);
    }
  }

  #write(kept: readonly KeptResult[]): void {
    const rows = kept.map((one) => this.#makeRow(one));
    this.#rows = rows.flatMap(({ box, result }) => (box && result ? [{ box, result }] : []));
    this.#root.hidden = kept.length === 0;
    this.#list.replaceChildren(...rows.map(({ item }) => item));
    this.#offerCompare();
  }

  #makeRow({ key, result }: KeptResult): {
    readonly item: HTMLElement;
    readonly box?: HTMLInputElement;
    readonly result?: BenchmarkResult;
  } {
    const when = describeMoment(key);
    const remove = makeButton('Delete', 'small-button', () => this.#delete(key, when));
    remove.setAttribute('aria-label', `Delete the result of ${when}`);
    if (!result) {
      const damage = 'What is stored for this run is damaged and cannot be shown.';
      const name = make('p', {}, make('b', {}, when), make('span', { class: 'below' }, damage));
      return { item: make('li', {}, name, remove) };
    }
    const box = make('input', { type: 'checkbox' });
    box.addEventListener('change', () => this.#offerCompare());
    const show = makeButton('Show', 'small-button', async () => {
      const shelf = await this.#shelf();
      goTo(shelf.showKept(result, when));
    });
    show.setAttribute('aria-label', `Show the result of ${when}`);
    const name = make(
      'span',
      {},
      make('b', {}, when),
      make('span', { class: 'kept-scores' }, scoresLine(result)),
      make('span', { class: 'below' }, machineSentence(result)),
    );
    return { item: make('li', {}, make('label', {}, box, name), show, remove), box, result };
  }

  get #chosen(): readonly BenchmarkResult[] {
    return this.#rows.filter(({ box }) => box.checked).map(({ result }) => result);
  }

  #offerCompare(): void {
    const isPair = this.#chosen.length === 2;
    this.#compare.disabled = !isPair;
    this.#compare.textContent = isPair ? 'Compare the two' : 'Select two to compare';
    this.#compare.hidden = this.#rows.length < 2;
  }

  async #compareChosen(): Promise<void> {
    const [newer, older] = this.#chosen;
    if (!newer || !older) return;
    const shelf = await this.#shelf();
    const named = (result: BenchmarkResult) => ({
      result,
      name: `${describeMoment(result.startedAt)}, ${scoresLine(result)}`,
    });
    goTo(await shelf.compare(named(older), named(newer)));
  }
}
