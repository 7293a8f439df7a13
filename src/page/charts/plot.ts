/**
 * A line chart in the page's looks, drawn by uPlot. Here are its axes, linear or logarithmic, and what it answers to:
 * another width, other colours, other points. A table beside it has the same figures.
 */
import uPlot from 'uplot';

import { colorOf, onColorsChange } from '../colors.ts';

export interface Axis {
  readonly label: string;
  readonly isLogarithmic?: boolean;
  /** Where it begins and ends. Default: as far as the points go, from 0 where it is linear. */
  readonly range?: readonly [number, number];
  readonly format: (value: number) => string;
}

export interface Line {
  readonly label: string;
  /** Name of a custom property with the colour, without its dashes. */
  readonly color: string;
  readonly width: number;
  readonly isDashed?: boolean;
  /** Whether each point is marked. */
  readonly hasPoints?: boolean;
}

/** What a chart may draw over its lines, in places of the two axes. */
export interface Pen {
  readonly context: CanvasRenderingContext2D;
  /** Where lines are drawn, in the canvas's pixels. */
  readonly box: {
    readonly left: number;
    readonly top: number;
    readonly width: number;
    readonly height: number;
  };
  /** Canvas pixels to a pixel of the page. */
  readonly scale: number;
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
  readonly color: (name: string) => string;
}

export interface PlotOptions {
  readonly x: Axis;
  readonly y: Axis;
  readonly lines: readonly Line[];
  readonly height?: number;
  /** Draws what lines cannot say. */
  readonly draw?: (pen: Pen) => void;
  /** Takes the chart off when it aborts. */
  readonly signal: AbortSignal;
}

/** Values of x, then for each line those of y; null where a line has none. */
export type PlotData = readonly [readonly number[], ...(readonly (number | null)[])[]];

// uPlot's own names for these exist only in its declarations.
const linear = 1 as unknown as uPlot.Scale.Distr;
const logarithmic = 3 as unknown as uPlot.Scale.Distr;

const fontSize = 12;
const fontFamily = 'system-ui, sans-serif';
const defaultHeight = 240;

export class Plot {
  readonly #host: HTMLElement;
  readonly #plot: uPlot;

  /** @param host empty, with a width of its own */
  constructor(host: HTMLElement, options: PlotOptions) {
    const { height = defaultHeight, lines, signal } = options;
    this.#host = host;
    host.classList.add('chart');
    host.style.height = `${height}px`;
    const empty = [[], ...lines.map(() => [])] as unknown as uPlot.AlignedData;
    this.#plot = new uPlot(this.#looks(options, height), empty, host);
    const observer = new ResizeObserver(() =>
      this.#plot.setSize({ width: Math.max(1, host.clientWidth), height }),
    );
    observer.observe(host);
    // Everything takes its colour when it is drawn.
    onColorsChange(() => this.#plot.redraw(false), signal);
    signal.addEventListener('abort', () => {
      observer.disconnect();
      this.#plot.destroy();
    });
  }

  /** Shows these points instead of the ones before. */
  show(data: PlotData): void {
    this.#plot.setData(data as unknown as uPlot.AlignedData);
  }

  #looks({ x, y, lines, draw }: PlotOptions, height: number): uPlot.Options {
    return {
      width: Math.max(1, this.#host.clientWidth),
      height,
      padding: [8, 12, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: { x: scaleOf(x), y: scaleOf(y) },
      axes: [this.#axis(x, 'x'), this.#axis(y, 'y')],
      series: [{}, ...lines.map((line) => this.#line(line))],
      hooks: draw ? { draw: [(plot) => draw(this.#pen(plot))] } : {},
    };
  }

  #axis({ label, isLogarithmic = false, format }: Axis, which: 'x' | 'y'): uPlot.Axis {
    const font = `${fontSize}px ${fontFamily}`;
    return {
      stroke: () => colorOf('muted'),
      font,
      grid: { stroke: () => colorOf('line'), width: 1 },
      ticks: { show: false },
      gap: 6,
      label,
      labelFont: font,
      labelSize: 18,
      labelGap: 2,
      size: which === 'x' ? 26 : 52,
      space: which === 'x' ? 52 : 30,
      ...(isLogarithmic && { splits: (plot: uPlot) => decades(plot, which) }),
      values: (_plot, at) => at.map((value) => format(value)),
      ...(isLogarithmic && { filter: (_plot: uPlot, at: number[]) => at }),
    };
  }

  #line({ label, color, width, isDashed = false, hasPoints = false }: Line): uPlot.Series {
    const stroke = () => colorOf(color);
    return {
      label,
      stroke,
      width,
      spanGaps: true,
      ...(isDashed && { dash: [4, 4] }),
      points: { show: hasPoints, size: 8, fill: stroke },
    };
  }

  #pen(plot: uPlot): Pen {
    const scale = devicePixelRatio;
    plot.ctx.font = `${fontSize * scale}px ${fontFamily}`;
    return {
      context: plot.ctx,
      box: plot.bbox,
      scale,
      x: (value) => plot.valToPos(value, 'x', true),
      y: (value) => plot.valToPos(value, 'y', true),
      color: colorOf,
    };
  }
}

function scaleOf({ isLogarithmic = false, range }: Axis): uPlot.Scale {
  if (range) {
    const [min, max] = range;
    return { time: false, distr: isLogarithmic ? logarithmic : linear, range: () => [min, max] };
  }
  if (isLogarithmic) {
    return {
      time: false,
      distr: logarithmic,
      range: (_plot, min, max) => (min > 0 ? spread(min, max) : [0.1, 10]),
    };
  }
  return { time: false, range: (_plot, _min, max) => [0, max > 0 ? max * 1.05 : 1] };
}

/** A logarithmic range with some room on both sides. */
export function spread(min: number, max: number, room = 1.6): [number, number] {
  return [min / room, max * room];
}

/** Powers of ten, and where these are few their halves and fifths too. */
function decades(plot: uPlot, which: 'x' | 'y'): number[] {
  const { min = 1, max = 10 } = plot.scales[which]!;
  const factors = Math.log10(max / min) < 1.8 ? [1, 2, 5] : [1];
  const splits: number[] = [];
  for (let power = Math.floor(Math.log10(min)); power <= Math.ceil(Math.log10(max)); power++) {
    for (const factor of factors) {
      const split = factor * 10 ** power;
      if (split >= min * 0.999 && split <= max * 1.001) splits.push(split);
    }
  }
  return splits;
}
