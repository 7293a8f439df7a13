/** Shows a whole result: the headline, then charts and tables, then the environment. */
import type { BenchmarkResult } from '../../benchmark/result/schema.ts';
import type { ResultSummary } from '../../benchmark/result/summary.ts';
import { makeBatchSweep } from '../charts/batchSweep.ts';
import { makeRoofline } from '../charts/roofline.ts';
import { makeSpeedUp } from '../charts/speedUp.ts';
import { makeThroughput } from '../charts/throughput.ts';
import { make } from '../elements.ts';
import { nextTask } from '../nextTask.ts';
import { makeCurveCard } from './curveCard.ts';
import { makeEnvironment } from './environmentList.ts';
import { scoreSentence } from './findings.ts';
import { makeHeadline } from './headline.ts';
import { makeSummaryCards, makeSummaryHeadline } from './summaryView.ts';
import { makeTimes } from './times.ts';
import { makeWorkloadTable } from './workloadTable.ts';

/** Cards from top to bottom, below the headline. */
const cardMakers: readonly ((result: BenchmarkResult) => HTMLElement | undefined)[] = [
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
  #heading = make('h2');

  /** @param host its content belongs to this view */
  constructor(host: HTMLElement) {
    this.#host = host;
  }

  /** The heading of the result that is shown. It can be focused. */
  get heading(): HTMLElement {
    return this.#heading;
  }

  /**
   * Shows a result instead of the one before. The top is shown at once, and each card in a task of its own, so that the
   * page stays responsive.
   * @param tag where the result is from, if it was not made here just now
   * @param share buttons that save and copy the result
   */
  async show(result: BenchmarkResult, share: HTMLElement, tag?: string): Promise<void> {
    // The heading tells the score to screen readers, which focus it.
    const score = make('span.hidden', `: ${scoreSentence(result)}`);
    const heading = make('h2', { tabindex: '-1' }, 'Result', score);
    const glance = make('div.glance', makeHeadline(result, tag));
    const cards = make('div.cards');
    this.#replace(heading, glance, share, cards);
    await nextTask();
    const speedUp = makeSpeedUp(result);
    if (speedUp) glance.append(speedUp);
    const makers = result.workloads.length === 0 ? [makeEnvironment] : cardMakers;
    for (const makeCard of makers) {
      await nextTask();
      // Another result was shown meanwhile.
      if (this.#heading !== heading) return;
      const card = makeCard(result);
      if (card) cards.append(card);
    }
  }

  showSummary(summary: ResultSummary): void {
    this.#replace(
      make('h2', { tabindex: '-1' }, 'Summary of a result'),
      makeSummaryHeadline(summary),
      make('div.cards', ...makeSummaryCards(summary)),
    );
  }

  #replace(heading: HTMLHeadingElement, ...content: readonly HTMLElement[]): void {
    this.#heading = heading;
    this.#host.hidden = false;
    this.#host.replaceChildren(heading, ...content);
  }
}
