/** A whole result: what is read at a glance, then the pictures, the tables, and what the machine is. */
import type { BenchmarkResult } from '../../benchmark/result/schema.ts';
import { makeBatchSweep } from '../charts/batchSweep.ts';
import { makeRoofline } from '../charts/roofline.ts';
import { makeSpeedUp } from '../charts/speedUp.ts';
import { make } from '../elements.ts';
import { nextTask } from '../nextTask.ts';
import { makeCurveCard } from './curveCard.ts';
import { makeEnvironment } from './environmentList.ts';
import { makeHeadline } from './headline.ts';
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

  /** @param host filled and emptied by this view alone */
  constructor(host: HTMLElement) {
    this.#host = host;
  }

  /**
   * Shows a result instead of the one before. It comes part by part, so that the page stays smooth.
   * @param origin where it is from, if it was not made here
   * @param share what one can do with it
   */
  async show(
    result: BenchmarkResult,
    { origin, share }: { readonly origin?: string | undefined; readonly share: HTMLElement },
  ): Promise<void> {
    this.clear();
    const { signal } = this.#shown;
    const isOver = () => signal.aborted;
    const heading = make('h2', { tabindex: '-1' }, 'Result');
    const cards = make('div', { class: 'cards' });
    const glance = make('div', { class: 'glance' }, makeHeadline(result, origin));
    this.#host.append(heading, glance, share, cards);
    this.#host.hidden = false;
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

  /** Takes off what is shown. */
  clear(): void {
    this.#shown.abort();
    this.#shown = new AbortController();
    this.#host.hidden = true;
    this.#host.replaceChildren();
  }
}
