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

interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Text beside each point, on the side of it where it meets neither the others nor the chart's edge. */
export function writeBeside(
  { context, box, scale, x, y, color }: Pen,
  points: readonly { readonly text: string; readonly x: number; readonly y: number }[],
): void {
  const height = 14 * scale;
  const gap = 9 * scale;
  const taken: Box[] = points.map((point) => ({
    left: x(point.x) - gap / 2,
    top: y(point.y) - gap / 2,
    width: gap,
    height: gap,
  }));
  context.save();
  context.textAlign = 'left';
  context.textBaseline = 'middle';
  for (const point of points) {
    const width = context.measureText(point.text).width;
    const [at, middle] = [x(point.x), y(point.y)];
    const places = [
      { left: at - width / 2, top: middle - gap - height },
      { left: at + gap, top: middle - height / 2 },
      { left: at - gap - width, top: middle - height / 2 },
      { left: at - width / 2, top: middle + gap },
    ].map((place): Box => ({ ...place, width, height }));
    const free = places.find(
      (place) => isWithin(place, box) && !taken.some((t) => meets(t, place)),
    );
    const place = free ?? places[0]!;
    taken.push(place);
    context.fillStyle = color('card');
    context.globalAlpha = 0.75;
    context.fillRect(place.left - 2 * scale, place.top, width + 4 * scale, height);
    context.globalAlpha = 1;
    context.fillStyle = color('ink');
    context.fillText(point.text, place.left, place.top + height / 2);
  }
  context.restore();
}

function isWithin(inner: Box, outer: Box): boolean {
  return (
    inner.left >= outer.left &&
    inner.top >= outer.top &&
    inner.left + inner.width <= outer.left + outer.width &&
    inner.top + inner.height <= outer.top + outer.height
  );
}

function meets(a: Box, b: Box): boolean {
  return (
    a.left < b.left + b.width &&
    b.left < a.left + a.width &&
    a.top < b.top + b.height &&
    b.top < a.top + a.height
  );
}
