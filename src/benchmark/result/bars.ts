/** Throughput as bars with intervals, a group for each workload. The result card and the page share it. */
import type { BackendName, Estimate } from './schema.ts';
import { intervalPath, shape, textAt, type Shape, type TextStyle } from './svg.ts';
import { backendNames, formatEstimate, formatRate, plainText } from './words.ts';

/** The bars of one workload. */
export interface BarGroup {
  readonly name: string;
  /** Smaller, after or below the name. */
  readonly detail: string;
  /** Samples per second. */
  readonly bars: readonly (Estimate & { readonly backend: BackendName })[];
  /** The second bar's speed-up over the first; undefined draws none. */
  readonly ratio?: number | undefined;
}

export interface BarLayout {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  /** Height of a group. */
  readonly rowHeight: number;
  /** Width of the column of names; 0 puts each name above its bars. */
  readonly labelWidth: number;
  /** Width to the right of the bars for the rates and, in its last `ratioWidth` pixels, for the ratios. */
  readonly figureWidth: number;
  readonly ratioWidth: number;
}

const ink = 'var(--ink)';
const nameHeight = 28;
const gap = 4;

/**
 * Each group's longest interval fills the width, so bars compare within a workload only. An interval that reaches beyond
 * 1.5 times its bar is cut off, because it would leave no width for the bars.
 */
export function drawBars(groups: readonly BarGroup[], layout: BarLayout): Shape[] {
  return groups.flatMap((group, n) => drawGroup(group, layout, layout.y + n * layout.rowHeight));
}

function drawGroup({ name, detail, bars, ratio }: BarGroup, layout: BarLayout, y: number): Shape[] {
  const { x, width, rowHeight, labelWidth, figureWidth, ratioWidth } = layout;
  const isAbove = labelWidth === 0;
  const room = rowHeight - (isAbove ? nameHeight : 0);
  const pitch = Math.min(24, (room - 8) / bars.length);
  const middle = y + rowHeight - room / 2;
  const top = middle - (bars.length * pitch) / 2;
  const left = x + labelWidth;
  const right = x + width;
  const longest = Math.max(...bars.map((bar) => Math.min(bar.high, 1.5 * bar.middle)));
  const scale = (width - labelWidth - figureWidth) / longest;
  const title = { size: isAbove ? 15 : 17, fill: ink, weight: 600 } as const;
  const small = { size: 12, fill: 'var(--muted)' } as const;
  return [
    ...(isAbove
      ? [textAt(left, y + 20, name, title), textAt(right, y + 20, detail, end(small))]
      : [
          textAt(x, middle - 2, plainText(name, 14), title),
          textAt(x, middle + 15, plainText(detail, 18), small),
        ]),
    ...bars.flatMap((bar, n) =>
      drawBar(bar, { left, scale, longest, top: top + n * pitch + gap / 2, height: pitch - gap }),
    ),
    ...bars.map(({ middle: rate }, n) => {
      const text = formatRate(Number(rate.toPrecision(3)));
      const style = end({ size: isAbove ? 13 : 15, fill: ink });
      return textAt(right - ratioWidth, top + (n + 0.5) * pitch + 5, text, style);
    }),
    ...(ratio === undefined
      ? []
      : [
          textAt(right, middle + 7, `${formatRate(Number(ratio.toPrecision(2)))}×`, {
            ...end({ size: 20, fill: ink }),
            weight: 700,
          }),
        ]),
  ];
}

/** @param scale pixels per sample per second */
function drawBar(
  { backend, ...estimate }: BarGroup['bars'][number],
  place: {
    readonly left: number;
    readonly top: number;
    readonly height: number;
    readonly scale: number;
    /** The highest rate that has a place. */
    readonly longest: number;
  },
): Shape[] {
  const { left, top, height, scale, longest } = place;
  const at = (rate: number) => Math.round(10 * (left + Math.min(rate, longest) * scale)) / 10;
  const width = Math.max(2, at(estimate.middle) - left);
  const y = top + height / 2;
  const d = intervalPath({ x: at(estimate.low), y }, { x: at(estimate.high), y }, height / 4);
  const words = `${backendNames[backend]}: ${formatEstimate(estimate, formatRate)} samples/s`;
  return [
    shape(
      'rect',
      { x: left, y: top, width, height, rx: 3, fill: `var(--${backend})` },
      shape('title', {}, words),
    ),
    // A dark line with a light edge can be seen on the bar and beside it.
    shape('path', { d, stroke: 'var(--card)', 'stroke-width': 5 }),
    shape('path', { d, stroke: ink, 'stroke-width': 2 }),
  ];
}

function end(style: TextStyle): TextStyle {
  return { ...style, anchor: 'end' };
}
