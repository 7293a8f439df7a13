/** The workload under way: its curves as they grow, and how fast each backend is. */
import { alignCurves } from '../../benchmark/result/alignCurves.ts';
import type { BenchmarkEvent } from '../../benchmark/events.ts';
import type { CurvePoint, OwnBackendName, BackendName } from '../../benchmark/result/schema.ts';
import { findWorkload } from '../../benchmark/workloads.ts';
import { CurveCharts } from '../charts/curves.ts';
import { make } from '../elements.ts';
import { formatThree } from '../format.ts';
import { backendKey, backendName } from '../backendNames.ts';

/** Milliseconds between two drawings: the page takes no time that is measured. */
const drawEveryMs = 400;

/** Backends in the order in which they are listed. */
const order: readonly OwnBackendName[] = ['cpu-1', 'cpu', 'webgpu'];

export class LiveView {
  readonly #host: HTMLElement;
  readonly #backends: readonly OwnBackendName[];
  readonly #done = new AbortController();
  readonly #title = make('h2', {});
  readonly #rates = new Map<BackendName, HTMLElement>();
  readonly #charts: CurveCharts;
  #workload = '';
  #curves = new Map<BackendName, CurvePoint[]>();
  #latest = new Map<BackendName, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param host filled until it is sent the event `clear`: the last pictures stay until the result takes their place
   * @param backends that take part
   */
  constructor(host: HTMLElement, backends: readonly OwnBackendName[], isSoftware: boolean) {
    this.#host = host;
    this.#backends = order.filter((backend) => backends.includes(backend));
    // Both fit into the window with what is above them.
    const height = Math.max(96, Math.min(200, innerHeight / 6));
    this.#charts = new CurveCharts(this.#backends, isSoftware, this.#done.signal, height);
    const items = this.#backends.map((backend) => {
      const rate = make('b', {}, '–');
      this.#rates.set(backend, rate);
      return make(
        'li',
        {},
        make('span', {}, backendKey(backend), backendName(backend, isSoftware)),
        ' ',
        make('span', { class: 'rate' }, rate, ' samples/s'),
      );
    });
    // What an earlier run may have left.
    host.dispatchEvent(new Event('clear'));
    host.addEventListener('clear', () => this.#clear(), { once: true });
    host.replaceChildren(
      make(
        'section',
        { class: 'card', 'aria-label': 'Current workload' },
        this.#title,
        make('ul', { class: 'rates' }, ...items),
        this.#charts.element,
      ),
    );
  }

  /** Takes what happened. */
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

  /** Nothing more comes. */
  dispose(): void {
    clearTimeout(this.#timer);
  }

  #clear(): void {
    this.dispose();
    this.#done.abort();
    this.#host.hidden = true;
    this.#host.replaceChildren();
  }

  #begin(workload: string): void {
    this.#workload = workload;
    this.#curves = new Map();
    this.#latest = new Map();
    const known = findWorkload(workload);
    const detail = known
      ? `${known.network.layers.join('-')}, mini-batches of ${known.batchSize}`
      : '';
    this.#title.replaceChildren(workload, ' ', make('span', { class: 'small' }, detail));
    this.#host.hidden = false;
    this.#drawSoon();
  }

  #drawSoon(): void {
    this.#timer ??= setTimeout(() => this.#draw(), drawEveryMs);
  }

  #draw(): void {
    this.#timer = undefined;
    for (const backend of this.#backends) {
      const rate = this.#latest.get(backend);
      this.#rates.get(backend)!.textContent = rate === undefined ? '–' : formatThree(rate);
    }
    void this.#charts.show(alignCurves(this.#curves));
  }
}
