/**
 * One quantity against steps, CPU and GPU on the same axes. Drawn by uPlot; here are its looks, its two series
 * and what it answers to: new points, another width, another colour scheme.
 *
 * The two curves should coincide, so the CPU's is wide and the GPU's thin and on top of it: one sees both.
 */
import uPlot from 'uplot';

import { sides, type SideName } from '../benchmark/mainJob.ts';

export interface ChartOptions {
  /** Steps of a whole run: how far the axis goes. */
  readonly steps: number;
  /** How far the other axis goes; as far as the points where it is left out. */
  readonly maximum?: number;
  /** Of the other axis's values. */
  readonly format: (value: number) => string;
  /** Told the values at the pointer's step, or at the last one where there is no pointer. */
  readonly onReading: (reading: Reading) => void;
}

export type Reading = Readonly<Partial<Record<SideName, number>>>;

export interface Curve {
  readonly steps: number[];
  readonly values: number[];
}

const height = 206;
const font = '12px system-ui, sans-serif';
const lineWidths: Record<SideName, number> = { cpu: 6, webgpu: 2 };

export class Chart {
  readonly #host: HTMLElement;
  readonly #plot: uPlot;
  readonly #onReading: ChartOptions['onReading'];
  readonly #observer: ResizeObserver;
  readonly #darkness = matchMedia('(prefers-color-scheme: dark)');

  constructor(host: HTMLElement, options: ChartOptions) {
    this.#host = host;
    this.#onReading = options.onReading;
    this.#plot = new uPlot(this.#looks(options), [[], [], []], host);
    this.#observer = new ResizeObserver(() =>
      this.#plot.setSize({ width: host.clientWidth, height }),
    );
    this.#observer.observe(host);
    this.#darkness.addEventListener('change', this.#redraw);
  }

  /** Shows these points instead of the ones before. */
  show(curves: Readonly<Record<SideName, Curve>>): void {
    const tables = sides.map((side): [number[], number[]] => [
      curves[side].steps,
      curves[side].values,
    ]);
    // Steps that only one side has are `undefined` on the other, which the line passes over.
    this.#plot.setData(uPlot.join(tables));
    this.#read();
  }

  dispose(): void {
    this.#observer.disconnect();
    this.#darkness.removeEventListener('change', this.#redraw);
    this.#plot.destroy();
  }

  readonly #redraw = (): void => this.#plot.redraw(false);

  #read(): void {
    const { data, cursor } = this.#plot;
    const [, cpu = [], webgpu = []] = data;
    // Both sides at the same step: a comparison of different ones would say nothing.
    const at = cursor.idx ?? lastIndex(webgpu) ?? lastIndex(cpu) ?? -1;
    const reading: Partial<Record<SideName, number>> = {};
    for (const [n, side] of sides.entries()) {
      const value = data[n + 1]?.[at];
      if (typeof value === 'number') reading[side] = value;
    }
    this.#onReading(reading);
  }

  #looks({ steps, maximum, format }: ChartOptions): uPlot.Options {
    // Functions, because the colours change with the colour scheme.
    const color = (name: string) => () =>
      getComputedStyle(this.#host).getPropertyValue(`--${name}`).trim();
    const axis: uPlot.Axis = {
      stroke: color('muted'),
      font,
      grid: { stroke: color('line'), width: 1 },
      ticks: { show: false },
      gap: 6,
    };
    return {
      width: Math.max(1, this.#host.clientWidth),
      height,
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 8 } },
      scales: {
        x: { time: false, range: [0, steps] },
        y: { range: (_plot, _least, most) => [0, maximum ?? (most > 0 ? most * 1.05 : 1)] },
      },
      axes: [
        {
          ...axis,
          size: 26,
          label: 'steps',
          labelSize: 18,
          labelGap: 2,
          labelFont: font,
          space: 60,
          values: (_plot, at) => at.map((step) => String(step)),
        },
        { ...axis, size: 44, space: 34, values: (_plot, at) => at.map(format) },
      ],
      series: [
        {},
        ...sides.map((side): uPlot.Series => ({
          label: side,
          stroke: color(side),
          width: lineWidths[side],
          spanGaps: true,
          points: { show: false },
        })),
      ],
      hooks: { setCursor: [() => this.#read()] },
    };
  }
}

/** Of the last number; `uPlot.join` leaves undefined where a side has no point. */
function lastIndex(values: ArrayLike<number | null | undefined>): number | undefined {
  for (let n = values.length - 1; n >= 0; n--) if (typeof values[n] === 'number') return n;
  return undefined;
}
