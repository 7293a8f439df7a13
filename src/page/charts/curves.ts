/**
 * Cost and accuracy against steps, of all sides on the same axes. They make the same steps, so their curves should
 * coincide: the CPU's is wide and the GPU's thin and on top of it, and one sees both.
 */
import type { CurvePoint, SideName } from '../../benchmark/result/schema.ts';
import { make } from '../elements.ts';
import { formatCost, formatCount, formatPercent, formatPrefixed } from '../format.ts';
import { nextTask } from '../nextTask.ts';
import { sideName } from '../sides.ts';
import { Plot } from './plot.ts';

export type Curves = ReadonlyMap<SideName, readonly CurvePoint[]>;

const quantities = ['cost', 'accuracy'] as const;
type Quantity = (typeof quantities)[number];

const titles: Readonly<Record<Quantity, string>> = { cost: 'Cost', accuracy: 'Accuracy' };
const formats: Readonly<Record<Quantity, (value: number) => string>> = {
  cost: formatCost,
  accuracy: formatPercent,
};

const defaultHeight = 200;

/** From wide to thin, in the order in which they are drawn. */
const widths = new Map<SideName, number>([
  ['cpu-1', 9],
  ['cpu', 5],
  ['webgpu', 2.5],
]);

/** The two charts, which can be given other curves. */
export class CurveCharts {
  readonly element: HTMLElement;
  readonly #sides: readonly SideName[];
  readonly #isSoftware: boolean;
  readonly #signal: AbortSignal;
  readonly #height: number;
  readonly #places: Readonly<Record<Quantity, HTMLElement>>;
  /** Made when there is something to be shown. */
  readonly #plots = new Map<Quantity, Plot>();

  /**
   * @param sides that have curves
   * @param signal takes the charts off when it aborts
   * @param height of each chart, in pixels
   */
  constructor(
    sides: readonly SideName[],
    isSoftware: boolean,
    signal: AbortSignal,
    height = defaultHeight,
  ) {
    this.#height = height;
    this.#sides = sides;
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
      ...new Set(this.#sides.flatMap((side) => (curves.get(side) ?? []).map(({ step }) => step))),
    ].sort((a, b) => a - b);
    for (const quantity of quantities) {
      const lines = this.#sides.map((side) => {
        const at = new Map((curves.get(side) ?? []).map((point) => [point.step, point[quantity]]));
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
      // Sides make very different numbers of steps in the same time.
      x: { label: 'steps', isLogarithmic: true, format: formatPrefixed },
      y:
        quantity === 'accuracy'
          ? {
              label: 'share',
              range: [0, 1],
              format: (share) => `${Math.round(share * 100)}\u00a0%`,
            }
          : { label: 'cost', format: (cost) => String(cost) },
      lines: this.#sides.map((side) => ({
        label: sideName(side, this.#isSoftware),
        color: side,
        width: widths.get(side) ?? 2,
        isDashed: !widths.has(side),
      })),
      height: this.#height,
      signal: this.#signal,
    });
    this.#plots.set(quantity, plot);
    return plot;
  }

  #describe(quantity: Quantity, curves: Curves): string {
    const last = this.#sides.flatMap((side) => {
      const point = curves.get(side)?.at(-1);
      if (!point) return [];
      const value = formats[quantity](point[quantity]);
      return [
        `${sideName(side, this.#isSoftware)} ${value} after ${formatCount(point.step)} steps`,
      ];
    });
    const now = last.length > 0 ? last.join(', ') : 'empty so far';
    return `Curves of ${quantity} against steps: ${now}.`;
  }
}
