/** Marks that several charts draw over their lines: intervals, and names beside points. */
import type { Pen } from './plot.ts';

/** The interval of each point, as an upright line with ends. */
export function drawWhiskers(
  { context, scale, x, y, color }: Pen,
  colorName: string,
  points: readonly { readonly x: number; readonly low: number; readonly high: number }[],
): void {
  const half = 4 * scale;
  context.save();
  context.strokeStyle = color(colorName);
  context.lineWidth = 1.5 * scale;
  context.beginPath();
  for (const { x: at, low, high } of points) {
    const place = x(at);
    context.moveTo(place, y(low));
    context.lineTo(place, y(high));
    for (const end of [y(low), y(high)]) {
      context.moveTo(place - half, end);
      context.lineTo(place + half, end);
    }
  }
  context.stroke();
  context.restore();
}

/** A rectangle in the canvas's pixels. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** What is written beside a point. */
export interface Label {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  /** Ends of the point's interval, where it has one: no label covers it. */
  readonly low?: number;
  readonly high?: number;
}

/**
 * Writes beside each point, where that covers no point, no interval and no other text, nor the line from point to point.
 * @param isLine whether a line joins the points
 * @param taken by what else is on the chart
 */
export function writeBeside(
  { context, box, scale, x, y, color }: Pen,
  labels: readonly Label[],
  {
    isLine = false,
    taken = [],
  }: { readonly isLine?: boolean; readonly taken?: readonly Box[] } = {},
): void {
  const height = 14 * scale;
  const gap = 9 * scale;
  const marks = labels.flatMap((label): Box[] => {
    const [left, middle] = [x(label.x) - gap / 2, y(label.y)];
    const { low = label.y, high = label.y } = label;
    return [
      { left, top: middle - gap / 2, width: gap, height: gap },
      { left, top: y(high), width: gap, height: y(low) - y(high) },
    ];
  });
  context.save();
  context.textAlign = 'left';
  context.textBaseline = 'middle';
  const sized = labels.map((label) => ({
    x: x(label.x),
    y: y(label.y),
    width: context.measureText(label.text).width + 4 * scale,
  }));
  const line = isLine ? boxesAlong(sized, 3 * scale) : [];
  const places = placeLabels(sized, { box, height, gap, taken: [...marks, ...line, ...taken] });
  for (const [n, place] of places.entries()) {
    const middle = place.top + height / 2;
    const { x: pointX, y: pointY } = sized[n]!;
    const [nearX, nearY] = nearestIn(place, pointX, pointY);
    // Far from its point, a line leads to it.
    if (Math.hypot(nearX - pointX, nearY - pointY) > 2 * gap) {
      context.strokeStyle = color('muted');
      context.lineWidth = scale;
      context.beginPath();
      context.moveTo(pointX, pointY);
      context.lineTo(nearX, nearY);
      context.stroke();
    }
    context.fillStyle = color('card');
    context.globalAlpha = 0.75;
    context.fillRect(place.left, place.top, place.width, place.height);
    context.globalAlpha = 1;
    context.fillStyle = color('ink');
    context.fillText(labels[n]!.text, place.left + 2 * scale, middle);
  }
  context.restore();
}

/** Small boxes that cover the line through some points. */
function boxesAlong(
  points: readonly { readonly x: number; readonly y: number }[],
  size: number,
): Box[] {
  return points.slice(1).flatMap((end, n) => {
    const start = points[n]!;
    const steps = Math.ceil(Math.hypot(end.x - start.x, end.y - start.y) / size);
    return Array.from({ length: steps }, (_, step) => ({
      left: start.x + ((end.x - start.x) * step) / steps - size / 2,
      top: start.y + ((end.y - start.y) * step) / steps - size / 2,
      width: size,
      height: size,
    }));
  });
}

/**
 * A place for each label, near its point: within the box, on none of what is taken, and on no other label. Only where the
 * box has no such place may a label cover something.
 * @param labels points and widths of their labels, in pixels
 */
export function placeLabels(
  labels: readonly { readonly x: number; readonly y: number; readonly width: number }[],
  options: {
    readonly box: Box;
    readonly height: number;
    /** Between a point and its label. */
    readonly gap: number;
    readonly taken: readonly Box[];
  },
): readonly Box[] {
  const { box, height, gap } = options;
  const taken = [...options.taken];
  return labels.map(({ x, y, width }) => {
    const isFree = (place: Box) => isWithin(place, box) && !taken.some((one) => meets(one, place));
    // Above and below, as far to the side as the box's edges ask for.
    const left = Math.max(box.left, Math.min(box.left + box.width - width, x - width / 2));
    const close: Box[] = [
      { left, top: y - gap - height, width, height },
      { left: x + gap, top: y - height / 2, width, height },
      { left: x - gap - width, top: y - height / 2, width, height },
      { left, top: y + gap, width, height },
    ];
    const place = close.find(isFree) ?? nearestFree(close[0]!, box, isFree) ?? close[0]!;
    taken.push(place);
    return place;
  });
}

/** The free place in the box that is nearest to one that is not free. */
function nearestFree(wanted: Box, box: Box, isFree: (place: Box) => boolean): Box | undefined {
  let nearest: Box | undefined;
  let min = Infinity;
  const step = wanted.height / 2;
  for (let top = box.top; top + wanted.height <= box.top + box.height; top += step) {
    for (let left = box.left; left + wanted.width <= box.left + box.width; left += step) {
      const distance = Math.hypot(left - wanted.left, top - wanted.top);
      const place = { ...wanted, left, top };
      if (distance >= min || !isFree(place)) continue;
      nearest = place;
      min = distance;
    }
  }
  return nearest;
}

/** The point of a box that is nearest to another point. */
function nearestIn({ left, top, width, height }: Box, x: number, y: number): [number, number] {
  return [Math.max(left, Math.min(left + width, x)), Math.max(top, Math.min(top + height, y))];
}

function isWithin(inner: Box, outer: Box): boolean {
  return (
    inner.left >= outer.left &&
    inner.top >= outer.top &&
    inner.left + inner.width <= outer.left + outer.width &&
    inner.top + inner.height <= outer.top + outer.height
  );
}

export function meets(a: Box, b: Box): boolean {
  return (
    a.left < b.left + b.width &&
    b.left < a.left + a.width &&
    a.top < b.top + b.height &&
    b.top < a.top + a.height
  );
}
