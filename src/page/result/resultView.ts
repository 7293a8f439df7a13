/** A whole result: what is read at a glance, then the pictures, the tables, and what the machine is. */
import type { BenchmarkResult } from '../../benchmark/result/schema.ts';
import { makeBatchSweep } from '../charts/batchSweep.ts';
import { makeRoofline } from '../charts/roofline.ts';
import { makeSpeedUp } from '../charts/speedUp.ts';
import type { ResultSummary } from '../../benchmark/result/summary.ts';
import { make } from '../elements.ts';
import { nextTask } from '../nextTask.ts';
import { makeCurveCard } from './curveCard.ts';
import { makeEnvironment } from './environmentList.ts';
import { scoreSentence } from './findings.ts';
import { makeHeadline } from './headline.ts';
import { makeSummaryCards, makeSummaryHeadline } from './summaryView.ts';
import { makeThroughput } from './throughput.ts';
import { makeTimes } from './times.ts';
import { makeWorkloadTable } from './workloadTable.ts';

type Part = (result: BenchmarkResult, signal: AbortSignal) => HTMLElement | undefined;

/** From the top to the bottom, below the headline. */
const parts: readonly Part[] = [
  makeThroughput,
  makeWorkloadTable,
  makeBatchSweep,
  makeRoofline,
  makeTimes,
  makeCurveCard,
  makeEnvironment,
];

export class ResultView {
  readonly #host: HTMLElement;
  /** Of what is shown: aborts when something else is. */
  #shown = new AbortController();
  #heading: HTMLElement | undefined;

  /** @param host filled and emptied by this view alone */
  constructor(host: HTMLElement) {
    this.#host = host;
  }

  /** Of what is shown; can have the focus. */
  get heading(): HTMLElement {
    return this.#heading!;
  }

  /**
   * Shows a result instead of the one before. Its top is there at once, and the rest comes part by part, so that the page
   * stays responsive.
   * @param tag says where it is from, if it was not made here just now
   * @param share what one can do with it
   */
  async show(
    result: BenchmarkResult,
    { tag, share }: { readonly tag?: string | undefined; readonly share: HTMLElement },
  ): Promise<void> {
    const signal = this.#clear();
    const isOver = () => signal.aborted;
    const cards = make('div', { class: 'cards' });
    const glance = make('div', { class: 'glance' }, makeHeadline(result, tag));
    // The heading says the scores to a reader who gets there and does not see them.
    const score = make('span', { class: 'hidden' }, `: ${scoreSentence(result)}`);
    this.#heading = make('h2', { tabindex: '-1' }, 'Result', score);
    this.#host.append(this.#heading, glance, share, cards);
    await nextTask();
    if (isOver()) return;
    const speedUp = makeSpeedUp(result, signal);
    if (speedUp) glance.append(speedUp);
    if (result.workloads.length === 0) {
      cards.append(makeEnvironment(result));
      return;
    }
    for (const makePart of parts) {
      await nextTask();
      if (isOver()) return;
      const made = makePart(result, signal);
      if (made) cards.append(made);
    }
  }

  /** Shows what a short link has, instead of the result before. */
  showSummary(summary: ResultSummary): void {
    this.#clear();
    this.#heading = make('h2', { tabindex: '-1' }, 'Summary of a result');
    this.#host.append(
      this.#heading,
      makeSummaryHeadline(summary),
      make('div', { class: 'cards' }, ...makeSummaryCards(summary)),
    );
  }

  /** Takes off what is shown. @returns aborts when what comes next is taken off */
  #clear(): AbortSignal {
    this.#shown.abort();
    this.#shown = new AbortController();
    this.#host.hidden = false;
    this.#host.replaceChildren();
    return this.#shown.signal;
  }
}
