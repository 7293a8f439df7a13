/** The 13,002 sizes of the gradient as a curve, the largest first. */
import { Canvas, drawLabel, type Area } from '../runtime/canvas.tsx';
import type { FigureBodyProps } from '../runtime/figure.tsx';
import { formatNumber } from '../runtime/numbers.tsx';
import { weightAt, weightKey, type Slot } from '../runtime/weights.ts';
import { highlight } from '../session.ts';
import type { Sensitivities } from '../worker/sensitivity.ts';

import { drawLetter, pick, type Shown } from './sensitivityNetwork.tsx';

export const formatTimes = (times: number): string =>
  times >= 10 ? formatNumber(Math.round(times)) : times.toFixed(1);

const parameterCount = 13_002;
const rankingHeight = (width: number): number => Math.max(210, Math.min(280, width * 0.26));

/** Where the curve's places and sizes are. Both axes are powers of ten. */
const rankX = (place: number, width: number): number =>
  (Math.log10(place) / Math.log10(parameterCount)) * (width - 2) + 1;

export function Ranking({ isShown, answer }: FigureBodyProps & { readonly answer: Shown }) {
  const click = (event: MouseEvent) => {
    const now = answer.peek();
    if (!now) return;
    const { left, width } = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const place = parameterCount ** ((event.clientX - left - 1) / (width - 2)) - 1;
    // The nearest one that is a weight: 42 numbers are biases.
    const weights = [...now.order.keys()].filter((n) => weightAt(now.order[n]!));
    const nearest = weights.reduce((best, n) =>
      Math.abs(n - place) < Math.abs(best - place) ? n : best,
    );
    pick(weightAt(now.order[nearest]!)!);
  };
  return (
    <div class="drawing" onClick={click}>
      <Canvas
        isShown={isShown}
        height={rankingHeight}
        draw={(area) => drawRanking(area, answer.value)}
      />
    </div>
  );
}

function drawRanking(area: Area, now: Sensitivities | undefined): void {
  if (!now || now.order.length === 0) return;
  const { context, width, height, colours } = area;
  const { nudges, order, zeros, chosen } = now;
  const largest = Math.abs(nudges[order[0]!]!);
  const ground = height - 26;
  const shownDecades = 6;
  const y = (size: number) =>
    26 +
    (ground - 26) *
      Math.min(1, Math.max(0, size === 0 ? 1 : -Math.log10(size / largest) / shownDecades));
  const sizeAt = (n: number) => Math.abs(nudges[order[n]!]!);

  context.font = '12px system-ui';
  context.textBaseline = 'alphabetic';
  context.lineWidth = 1;
  for (const [place, name] of [
    [1, width < 600 ? '1st' : 'most sensitive'],
    [10, '10th'],
    [100, '100th'],
    [1000, '1,000th'],
    [10000, '10,000th'],
  ] as const) {
    const x = Math.round(rankX(place, width)) + 0.5;
    context.strokeStyle = colours.line;
    context.beginPath();
    context.moveTo(x, 20);
    context.lineTo(x, ground);
    context.stroke();
    context.fillStyle = colours.muted;
    context.textAlign = place === 1 ? 'left' : place === 10000 ? 'right' : 'center';
    context.fillText(name, place === 10000 ? width : x, height - 8);
  }
  context.textAlign = 'right';
  for (const decade of [2, 4]) {
    const level = Math.round(26 + ((ground - 26) * decade) / shownDecades) + 0.5;
    context.beginPath();
    context.moveTo(0, level);
    context.lineTo(width, level);
    context.stroke();
    const times = formatNumber(10 ** decade);
    context.fillText(width < 600 ? `÷ ${times}` : `${times} times less`, width, level - 4);
  }
  context.textAlign = 'left';

  const trace = () => {
    context.beginPath();
    context.moveTo(rankX(1, width), y(sizeAt(0)));
    let last = 0;
    order.forEach((_, n) => {
      const x = rankX(n + 1, width);
      // Points closer than half a pixel show nothing.
      if (x - last < 0.5 && n < order.length - 1) return;
      last = x;
      context.lineTo(x, y(sizeAt(n)));
    });
  };
  const end = rankX(order.length, width);
  trace();
  context.lineTo(end, ground);
  context.lineTo(1, ground);
  context.fillStyle = colours.nudge;
  context.globalAlpha = 0.14;
  context.fill();
  context.globalAlpha = 1;
  trace();
  context.lineTo(end, ground);
  context.strokeStyle = colours.nudge;
  context.lineWidth = 2;
  context.stroke();
  context.strokeStyle = colours.muted;
  context.strokeRect(0, ground + 0.5, width, 0);
  if (zeros > 0) {
    context.fillStyle = colours.muted;
    context.textAlign = 'right';
    drawLabel(area, `${formatNumber(zeros)} are 0`, width, ground - 8);
    context.textAlign = 'left';
  }

  const points = chosen.map(({ nudge, rank }) => ({
    x: nudge === 0 ? (end + width) / 2 : rankX(rank, width),
    y: y(Math.abs(nudge)),
  }));
  const [a, b] = points as [(typeof points)[0], (typeof points)[0]];
  if (Number.isFinite(now.times) && now.times > 0) {
    // The distance of the two on this scale is their ratio.
    const [high, low] = a.y <= b.y ? [a, b] : [b, a];
    context.strokeStyle = colours.ink;
    context.lineWidth = 1;
    context.setLineDash([2, 3]);
    context.beginPath();
    context.moveTo(high.x, high.y);
    context.lineTo(low.x, high.y);
    context.lineTo(low.x, low.y);
    context.stroke();
    context.setLineDash([]);
    context.font = '600 15px system-ui';
    context.fillStyle = colours.ink;
    const text = `× ${formatTimes(Math.max(now.times, 1 / now.times))}`;
    // The names of the levels are on the right.
    const isRight = low.x + 10 + context.measureText(text).width < width - (width < 600 ? 64 : 112);
    context.textAlign = isRight ? 'left' : 'right';
    drawLabel(area, text, low.x + (isRight ? 8 : -8), Math.max(20, (high.y + low.y) / 2 + 5));
    context.textAlign = 'left';
  }
  points.forEach(({ x, y: top }, slot) => {
    const weight = chosen[slot as Slot];
    const inside = Math.min(width - 12, Math.max(12, x));
    drawLetter(area, [inside, top], slot as Slot, highlight.value === weightKey(weight));
  });
}
