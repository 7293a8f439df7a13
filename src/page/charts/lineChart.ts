/** A line chart in SVG with linear or logarithmic axes, intervals and labels. */
import { intervalPath, shape, textAt, type Color, type Shape } from '../../benchmark/result/svg.ts';
import { meets, placeLabels, type Box } from './marks.ts';

export interface Axis {
  readonly label: string;
  readonly isLogarithmic?: boolean;
  /** Default: the range of the points, from 0 on a linear axis. */
  readonly range?: readonly [number, number];
  readonly format: (value: number) => string;
}

export interface Point {
  readonly x: number;
  readonly y: number;
  /** Ends of the point's interval. */
  readonly low?: number;
  readonly high?: number;
  readonly label?: string;
}

export interface Line {
  readonly color: Color;
  /** 0 draws the points only. */
  readonly width: number;
  readonly isDashed?: boolean;
  readonly hasDots?: boolean;
  readonly points: readonly Point[];
}

/** The box of the lines, and places of values in it, all in pixels. */
export interface Plane {
  readonly box: Box;
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
}

export interface ChartOptions {
  readonly x: Axis;
  readonly y: Axis;
  readonly lines: readonly Line[];
  /** Draws below the lines. Labels do not cover the boxes. */
  readonly backdrop?: (plane: Plane) => {
    readonly shapes: readonly Shape[];
    readonly boxes: readonly Box[];
  };
}

const fontSize = 12;
/** Estimated: an SVG that is not on the page yet cannot measure its text. */
export const letterWidth = 0.58 * fontSize;

export function drawChart(options: ChartOptions, width: number, height: number): Shape {
  const { x, y, lines } = options;
  const box = { left: 62, top: 8, width: Math.max(1, width - 74), height: height - 52 };
  const bottom = box.top + box.height;
  const points = lines.flatMap((line) => line.points);
  const across = placeValues(
    x,
    points.map((point) => point.x),
    box.left,
    box.width,
  );
  const values = points.flatMap(({ y: middle, low = middle, high = middle }) => [low, high]);
  const up = placeValues(y, values, bottom, -box.height);
  const plane = { box, x: across.at, y: up.at };
  const backdrop = options.backdrop?.(plane) ?? { shapes: [], boxes: [] };
  const placed = lines.map((line) => ({ ...line, points: placePoints(line, options, plane) }));
  const muted = { size: fontSize, fill: 'var(--muted)', anchor: 'middle' } as const;
  const grid = { stroke: 'var(--line)', 'stroke-width': 1 };
  return shape(
    'svg',
    { width, height },
    ...across.ticks.flatMap((tick) => [
      shape('path', { ...grid, d: `M${across.at(tick)} ${box.top}V${bottom}` }),
      textAt(across.at(tick), bottom + 18, x.format(tick), muted),
    ]),
    ...up.ticks.flatMap((tick) => [
      shape('path', { ...grid, d: `M${box.left} ${up.at(tick)}H${box.left + box.width}` }),
      textAt(box.left - 6, up.at(tick) + 4, y.format(tick), { ...muted, anchor: 'end' }),
    ]),
    textAt(box.left + box.width / 2, height - 4, x.label, muted),
    shape(
      'g',
      { transform: `translate(11 ${box.top + box.height / 2}) rotate(-90)` },
      textAt(0, 0, y.label, muted),
    ),
    ...backdrop.shapes,
    ...placed.flatMap(drawLine),
    ...drawLabels(placed, box, backdrop.boxes),
  );
}

/** A line whose points are in pixels. */
interface PlacedLine extends Line {
  readonly points: readonly (Point & { readonly low: number; readonly high: number })[];
}

/** Leaves out what has no place: the cost of a diverged network is NaN, and a logarithmic axis has no 0. */
function placePoints(line: Line, { x, y }: ChartOptions, plane: Plane): PlacedLine['points'] {
  const hasPlace = ({ isLogarithmic = false }: Axis, value: number) =>
    Number.isFinite(value) && (!isLogarithmic || value > 0);
  return line.points
    .filter((point) => hasPlace(x, point.x) && hasPlace(y, point.y))
    .map(({ label, y: middle, low = middle, high = middle, x: at }) => ({
      x: plane.x(at),
      y: plane.y(middle),
      low: plane.y(low),
      high: plane.y(high),
      ...(label !== undefined && { label }),
    }));
}

function drawLine({
  color,
  width,
  isDashed = false,
  hasDots = false,
  points,
}: PlacedLine): Shape[] {
  const path = { stroke: color, fill: 'none', 'stroke-linejoin': 'round' };
  const dashes = isDashed ? '4 4' : undefined;
  const d = `M${points.map(({ x, y }) => `${x} ${y}`).join('L')}`;
  return [
    ...(width > 0 && points.length > 0
      ? [shape('path', { ...path, 'stroke-width': width, 'stroke-dasharray': dashes, d })]
      : []),
    ...points
      .filter(({ low, high }) => low !== high)
      .map(({ x, low, high }) => {
        const interval = intervalPath({ x, y: low }, { x, y: high }, 4);
        return shape('path', { ...path, 'stroke-width': 1.5, d: interval });
      }),
    ...(hasDots
      ? points.map(({ x, y }) => shape('circle', { cx: x, cy: y, r: 4, fill: color }))
      : []),
  ];
}

/** Labels beside their points. A thin line leads to a label that is far from its point. */
function drawLabels(lines: readonly PlacedLine[], box: Box, boxes: readonly Box[]): Shape[] {
  const [height, gap] = [14, 9];
  const points = lines.flatMap((line) => line.points);
  const labels = points.flatMap(({ x, y, label }) =>
    label === undefined ? [] : [{ x, y, label, width: letterWidth * label.length + 4 }],
  );
  const marks = points.map(({ x, y, low, high }) => {
    const top = Math.min(high, y - gap / 2);
    return { left: x - gap / 2, top, width: gap, height: Math.max(low, y + gap / 2) - top };
  });
  const taken = [...marks, ...lines.flatMap(boxesAlong), ...boxes];
  return placeLabels(labels, { box, height, gap, taken }).flatMap((place, n) => {
    const { label, x, y } = labels[n]!;
    const middle = { x: place.left + place.width / 2, y: place.top + height / 2 };
    const near = { left: x - 2 * gap, top: y - 2 * gap, width: 4 * gap, height: 4 * gap };
    const leader = { d: `M${x} ${y}L${middle.x} ${middle.y}`, stroke: 'var(--muted)' };
    // A halo in the card's colour keeps the text readable over lines.
    const halo = { stroke: 'var(--card)', 'stroke-width': 3, 'paint-order': 'stroke' };
    const style = { size: fontSize, fill: 'var(--ink)', anchor: 'middle' } as const;
    const text = textAt(middle.x, middle.y + 4, label, style);
    return [
      ...(meets(near, place) ? [] : [shape('path', leader)]),
      { ...text, attributes: { ...text.attributes, ...halo } },
    ];
  });
}

/** Small boxes on a line, which labels do not cover. */
function boxesAlong({ points, width }: PlacedLine): Box[] {
  if (width === 0) return [];
  const parts = 50;
  return points.slice(1).flatMap((end, n) => {
    const start = points[n]!;
    return Array.from({ length: parts }, (_, part) => ({
      left: start.x + ((end.x - start.x) * part) / parts - 1,
      top: start.y + ((end.y - start.y) * part) / parts - 1,
      width: 2,
      height: 2,
    }));
  });
}

/**
 * The scale and ticks of an axis.
 * @param start in pixels
 * @param length in pixels; negative upwards
 */
function placeValues(
  { isLogarithmic = false, range }: Axis,
  values: readonly number[],
  start: number,
  length: number,
): { readonly at: (value: number) => number; readonly ticks: readonly number[] } {
  const [min, max] = range ?? rangeOf(values, isLogarithmic);
  const warp = isLogarithmic ? Math.log : (value: number) => value;
  const scale = length / (warp(max) - warp(min));
  return {
    at: (value) => Math.round(10 * (start + scale * (warp(value) - warp(min)))) / 10,
    ticks: isLogarithmic ? decades(min, max) : steps(min, max),
  };
}

function rangeOf(values: readonly number[], isLogarithmic: boolean): readonly [number, number] {
  if (values.length === 0) return isLogarithmic ? [0.1, 10] : [0, 1];
  const max = Math.max(...values);
  return isLogarithmic ? spread(Math.min(...values), max) : [0, max > 0 ? max * 1.05 : 1];
}

/** A logarithmic range with some room on both sides. */
export function spread(min: number, max: number, room = 1.6): readonly [number, number] {
  return [min / room, max * room];
}

/** Powers of ten; also their doubles and fives if there are few. */
function decades(min: number, max: number): number[] {
  const factors = Math.log10(max / min) < 1.8 ? [1, 2, 5] : [1];
  const first = Math.floor(Math.log10(min));
  const count = Math.ceil(Math.log10(max)) - first + 1;
  return Array.from({ length: count }, (_, n) =>
    factors.map((factor) => factor * 10 ** (first + n)),
  )
    .flat()
    .filter((tick) => tick >= min && tick <= max);
}

/** Three to six round values. */
function steps(min: number, max: number): number[] {
  const power = 10 ** Math.floor(Math.log10(max - min));
  const step =
    [0.2, 0.5, 1].map((part) => part * power).find((one) => (max - min) / one < 6) ?? power;
  return Array.from({ length: Math.floor((max - min) / step) + 1 }, (_, n) =>
    Number((min + n * step).toPrecision(6)),
  );
}
