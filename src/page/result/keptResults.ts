/** The list of the results that this browser keeps. The reader can show, compare and delete them. */
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
  readonly #list = make('ul.kept-list');
  readonly #status = make('p.small', { role: 'status' });
  readonly #compare = makeButton('', () => this.#compareChosen());
  /** The results that can be compared, the newest first, by their checkboxes. */
  #results = new Map<HTMLInputElement, BenchmarkResult>();

  /** @param shelf shows and compares results */
  constructor(shelf: () => Promise<ResultShelf>) {
    this.#shelf = shelf;
    const question = 'Delete all results that this browser keeps?';
    const deleteAll = makeButton('Delete all', () => this.#delete(question, forgetAll));
    this.#root.replaceChildren(
      this.#title,
      make('p.small', `The latest ${maxKept} runs, kept in this browser and nowhere else.`),
      this.#list,
      make('div.buttons', this.#compare, deleteAll),
      this.#status,
    );
  }

  /** Shows the list. A browser that cannot keep results is not worth a message before there is a result. */
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

  async #delete(question: string, work: () => Promise<void>): Promise<void> {
    if (!confirm(question)) return;
    await this.#change(work);
    // The focused button was removed.
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
    this.#results = new Map();
    this.#root.hidden = kept.length === 0;
    this.#list.replaceChildren(...kept.map((one) => this.#makeRow(one)));
    this.#offerCompare();
  }

  #makeRow({ key, result }: KeptResult): HTMLElement {
    const when = describeMoment(key);
    const question = `Delete the result of ${when}?`;
    const remove = makeButton('Delete', () => this.#delete(question, () => forget(key)));
    remove.setAttribute('aria-label', `Delete the result of ${when}`);
    if (!result) {
      const damage = 'The stored result is damaged and cannot be shown.';
      return make('li', make('p', make('b', when), make('span.below', damage)), remove);
    }
    const box = make('input', { type: 'checkbox' });
    box.addEventListener('change', () => this.#offerCompare());
    this.#results.set(box, result);
    const show = makeButton('Show', async () => goTo((await this.#shelf()).showKept(result, when)));
    show.setAttribute('aria-label', `Show the result of ${when}`);
    const name = make(
      'span',
      make('b', when),
      make('span.kept-scores', scoresLine(result)),
      make('span.below', machineSentence(result)),
    );
    return make('li', make('label', box, name), show, remove);
  }

  get #chosen(): readonly BenchmarkResult[] {
    return [...this.#results].flatMap(([box, result]) => (box.checked ? [result] : []));
  }

  #offerCompare(): void {
    const isPair = this.#chosen.length === 2;
    this.#compare.disabled = !isPair;
    this.#compare.textContent = isPair ? 'Compare the two' : 'Select two to compare';
    this.#compare.hidden = this.#results.size < 2;
  }

  async #compareChosen(): Promise<void> {
    const [newer, older] = this.#chosen.map((result) => ({
      result,
      name: `${describeMoment(result.startedAt)}, ${scoresLine(result)}`,
    }));
    if (newer && older) goTo(await (await this.#shelf()).compare(older, newer));
  }
}
