/** The current workload: its growing curves and the latest speed of each backend. */
import type { BenchmarkEvent } from '../../benchmark/events.ts';
import {
  ownBackends,
  type BackendName,
  type OwnBackendName,
} from '../../benchmark/result/backends.ts';
import type { CurvePoint } from '../../benchmark/result/schema.ts';
import { findWorkload } from '../../benchmark/workloads.ts';
import { backendKey } from '../backendNames.ts';
import { makeCurves } from '../charts/curves.ts';
import { byId, make } from '../elements.ts';
import { formatThree } from '../format.ts';

/** Milliseconds between two drawings, so that drawing takes little time from the measurement. */
const drawEveryMs = 400;

/** Fills the place of the run. It stays filled after the run, until the result replaces it. */
export class LiveView {
  readonly #place = byId('live', HTMLElement);
  readonly #title = make('h2');
  readonly #rates = new Map<BackendName, HTMLElement>();
  readonly #charts: ReturnType<typeof makeCurves>;
  #workload = '';
  #curves = new Map<BackendName, CurvePoint[]>();
  #latest = new Map<BackendName, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(backends: readonly OwnBackendName[], isSoftware: boolean) {
    // Both charts and the progress fit into the window together.
    this.#charts = makeCurves(isSoftware, Math.max(96, Math.min(200, innerHeight / 6)));
    const items = ownBackends
      .filter((backend) => backends.includes(backend))
      .map((backend) => {
        const rate = make('b', '–');
        this.#rates.set(backend, rate);
        const words = make('span.rate', rate, ' samples/s');
        return make('li', backendKey(backend, isSoftware), ' ', words);
      });
    this.#place.replaceChildren(
      make(
        'section.card',
        { 'aria-label': 'Current workload' },
        this.#title,
        make('ul.rates', ...items),
        this.#charts.element,
      ),
    );
  }

  take(event: BenchmarkEvent): void {
    if (event.type === 'workload' || event.type === 'result') return;
    const { workload } = event;
    if (workload === undefined) return;
    if (workload !== this.#workload) this.#begin(workload);
    if (event.type === 'point') {
      const curve = this.#curves.get(event.backend);
      if (curve) curve.push(event.point);
      else this.#curves.set(event.backend, [event.point]);
    } else if (event.type === 'repeat') {
      this.#latest.set(event.backend, event.samplesPerSecond);
    } else {
      return;
    }
    this.#drawSoon();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #begin(workload: string): void {
    this.#workload = workload;
    this.#curves = new Map();
    this.#latest = new Map();
    const known = findWorkload(workload);
    const detail = known
      ? `${known.network.layers.join('-')}, mini-batches of ${known.batchSize}`
      : '';
    this.#title.replaceChildren(workload, ' ', make('span.small', detail));
    this.#place.hidden = false;
    this.#drawSoon();
  }

  #drawSoon(): void {
    this.#timer ??= setTimeout(() => this.#draw(), drawEveryMs);
  }

  #draw(): void {
    this.#timer = undefined;
    for (const [backend, place] of this.#rates) {
      const rate = this.#latest.get(backend);
      place.textContent = rate === undefined ? '–' : formatThree(rate);
    }
    this.#charts.show(this.#curves);
  }
}
