/**
 * Cost and accuracy against steps, of all backends on the same axes. They make the same steps, so their curves should
 * coincide: the CPU's is wide and the GPU's thin and on top of it, and one sees both.
 */
import type { CurvePoint, BackendName } from '../../benchmark/result/schema.ts';
import { make } from '../elements.ts';
import { formatCost, formatCount, formatPercent, formatPrefixed } from '../format.ts';
import { nextTask } from '../nextTask.ts';
import { backendName } from '../backendNames.ts';
import { Plot } from './plot.ts';

export type Curves = ReadonlyMap<BackendName, readonly CurvePoint[]>;

const quantities = ['cost', 'accuracy'] as const;
type Quantity = (typeof quantities)[number];

const titles: Readonly<Record<Quantity, string>> = { cost: 'Cost', accuracy: 'Accuracy' };
const formats: Readonly<Record<Quantity, (value: number) => string>> = {
  cost: formatCost,
  accuracy: formatPercent,
};

const defaultHeight = 200;

/** From wide to thin, in the order in which they are drawn. */
const widths = new Map<BackendName, number>([
  ['cpu-1', 9],
  ['cpu', 5],
  ['webgpu', 2.5],
]);

/** The two charts, which can be given other curves. */
export class CurveCharts {
  readonly element: HTMLElement;
  readonly #backends: readonly BackendName[];
  readonly #isSoftware: boolean;
  readonly #signal: AbortSignal;
  readonly #height: number;
  readonly #places: Readonly<Record<Quantity, HTMLElement>>;
  /** Made when there is something to be shown. */
  readonly #plots = new Map<Quantity, Plot>();

  /**
   * @param backends that have curves
   * @param signal takes the charts off when it aborts
   * @param height of each chart, in pixels
   */
  constructor(
    backends: readonly BackendName[],
    isSoftware: boolean,
    signal: AbortSignal,
    height = defaultHeight,
  ) {
    this.#height = height;
    this.#backends = backends;
    this.#isSoftware = isSoftware;
    this.#signal = signal;
    this.element = make('div', { class: 'pair' });
    const add = (quantity: Quantity) => {
      const place = make('div', { role: 'img', 'aria-label': this.#describe(quantity, new Map()) });
      place.style.height = `${height}px`;
      this.element.append(
        make('figure', { 'data-chart': quantity }, make('figcaption', {}, titles[quantity]), place),
      );
      return place;
    };
    this.#places = { cost: add('cost'), accuracy: add('accuracy') };
  }

  /** Shows these curves instead of the ones before, each chart in a task of its own: drawing takes long. */
  async show(curves: Curves): Promise<void> {
    const steps = [
      ...new Set(
        this.#backends.flatMap((backend) => (curves.get(backend) ?? []).map(({ step }) => step)),
      ),
    ].sort((a, b) => a - b);
    for (const quantity of quantities) {
      const lines = this.#backends.map((backend) => {
        const at = new Map(
          (curves.get(backend) ?? []).map((point) => [point.step, point[quantity]]),
        );
        return steps.map((step) => at.get(step) ?? null);
      });
      await nextTask();
      if (this.#signal.aborted) return;
      this.#plot(quantity).show([steps, ...lines]);
      this.#places[quantity].setAttribute('aria-label', this.#describe(quantity, curves));
    }
  }

  #plot(quantity: Quantity): Plot {
    const made = this.#plots.get(quantity);
    if (made) return made;
    const plot = new Plot(this.#places[quantity], {
      // Backends make very different numbers of steps in the same time.
      x: { label: 'steps', isLogarithmic: true, format: formatPrefixed },
      y:
        quantity === 'accuracy'
          ? {
              label: 'share',
              range: [0, 1],
              format: (share) => `${Math.round(share * 100)}\u00a0%`,
            }
          : { label: 'cost', format: (cost) => String(cost) },
      lines: this.#backends.map((backend) => ({
        label: backendName(backend, this.#isSoftware),
        color: backend,
        width: widths.get(backend) ?? 2,
        isDashed: !widths.has(backend),
      })),
      height: this.#height,
      signal: this.#signal,
    });
    this.#plots.set(quantity, plot);
    return plot;
  }

  #describe(quantity: Quantity, curves: Curves): string {
    const last = this.#backends.flatMap((backend) => {
      const point = curves.get(backend)?.at(-1);
      if (!point) return [];
      const value = formats[quantity](point[quantity]);
      return [
        `${backendName(backend, this.#isSoftware)} ${value} after ${formatCount(point.step)} steps`,
      ];
    });
    const now = last.length > 0 ? last.join(', ') : 'empty so far';
    return `Curves of ${quantity} against steps: ${now}.`;
  }
}
