/** One weight is turned; the cost of the chosen digit follows on a curve, beside the line that the gradient predicts. */
import './wiggle.css';
import { useComputed, useSignal, type ReadonlySignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { ComponentChildren, RefObject } from 'preact';

import { Canvas, drawLabel, type Area } from '../runtime/canvas.tsx';
import { Picture, type FigureBodyProps, type FigureModule } from '../runtime/figure.tsx';
import { formatNumber, formatSigned, Linked } from '../runtime/numbers.tsx';
import { Value } from '../runtime/value.tsx';
import { Letter, WeightPicker } from '../runtime/weightPicker.tsx';
import { useProposedWeights, weightKey, weightName } from '../runtime/weights.ts';
import { exampleName, liveAnswer, selection } from '../session.ts';
import { wiggleEnd as last, wigglePlace, wiggleSpan, wiggleSpans } from '../switches.ts';
import type { Wiggle } from '../worker/wiggle.ts';

export const wiggle: FigureModule = {
  id: 'wiggle',
  title: 'Wiggle one weight',
  origin: 'The curve is computed in float64 from the same parameters.',
  Body,
};

type Shown = ReadonlySignal<Wiggle | undefined>;

const middle = last / 2;
/** Where the weight rests until the reader turns it. */
const rest = 45;

function Body({ isShown }: FigureBodyProps) {
  useProposedWeights(isShown);
  /** Where the weight is while it moves by itself. */
  const swept = useSignal(rest);
  const place = useComputed(() => wigglePlace.value ?? swept.value);
  const answer = useMemo(
    () =>
      liveAnswer('wiggle', isShown, () => ({
        ...{ weight: selection.value.weights[0], span: wiggleSpan.value },
      })),
    [],
  );
  const side = useRef<HTMLDivElement>(null);
  useSweep(side, answer, (to) => {
    if (wigglePlace.peek() !== undefined) return false;
    swept.value = to;
    return true;
  });
  const scale = useComputed(() => scaleOf(answer.value));
  const now = answer.value;
  const weight = selection.value.weights[0];
  return (
    <>
      <div class="prose">
        <p>
          A gradient is a promise about small changes. Test it: turn one weight, leave the 13,001
          other numbers alone, and compute the cost of the digit anew. The gold line is what the
          gradient promised. Its slope is the sensitivity of the figure above.
        </p>
      </div>
      <Picture
        label="The cost of the chosen digit while one weight changes, and the line with the slope of the gradient"
        point={now ? <Point now={now} place={place.value} /> : ''}
        table={() => curveTable(answer.peek())}
      >
        <div class="wiggle">
          <div ref={side} class="curve-side">
            <Canvas
              isShown={isShown}
              height={(width) => Math.max(250, Math.min(400, width * 0.56))}
              draw={(area) => drawCurve(area, answer.value, place.value, scale.value)}
            />
            <label class="wiggle-slider">
              <span class="hidden">Change of the weight</span>
              <input
                type="range"
                id="wiggle-change"
                min={0}
                max={last}
                value={place.value}
                disabled={!now}
                aria-valuetext={now ? valueText(now, place.value) : ''}
                onInput={(event) => (wigglePlace.value = Number(event.currentTarget.value))}
              />
            </label>
            <fieldset class="spans">
              <legend>Turn it by up to</legend>
              {wiggleSpans.map((one) => (
                <label>
                  <input
                    type="radio"
                    name="wiggle-span"
                    value={one}
                    checked={wiggleSpan.value === one}
                    onChange={() => {
                      wigglePlace.value = place.value;
                      wiggleSpan.value = one;
                    }}
                  />
                  <span>±{one}</span>
                </label>
              ))}
            </fieldset>
          </div>
          <div class="number-side">
            {now && <Numbers now={now} place={place.value} />}
            <WeightPicker figure="wiggle" slot={0} legend="The weight to turn" />
          </div>
        </div>
      </Picture>
      <div class="prose between">
        <p>
          The curve leaves the line, because the slope itself changes on the way. What is missing
          grows with the <em>square</em> of the change: half the curvature times the change squared.
          (Further terms matter only for large changes.) So make the change ten times smaller, and
          the error of the promise becomes a hundred times smaller. At ±0.01 you no longer see it.
          That is why learning takes small steps.
        </p>
        <p>
          <Linked to={weightKey(weight)}>
            <Letter slot={0} /> The weight
          </Linked>{' '}
          here runs {weightName(weight)}. Choose one from the middle of the ranking, and the curve
          is nearly flat.
        </p>
      </div>
    </>
  );
}

function Point({ now, place }: { readonly now: Wiggle; readonly place: number }) {
  const change = now.changes[place]!;
  if (change === 0) {
    return (
      <>
        The cost of {exampleName} is <strong>{formatNumber(now.cost)}</strong>, and the gradient of
        this weight is {formatSigned(now.slope)}. Turn the weight to see whether that is true.
      </>
    );
  }
  return (
    <>
      {change > 0 ? 'Raise' : 'Lower'} this weight by {formatNumber(Math.abs(change))}: the gradient
      says that the cost of {exampleName} changes by{' '}
      <strong>
        {formatNumber(now.slope)} × {formatNumber(change)} = {formatSigned(now.predicted[place]!)}
      </strong>
      . It changes by <strong>{formatSigned(now.real[place]!)}</strong>.
    </>
  );
}

const valueText = (now: Wiggle, place: number): string =>
  `weight ${formatNumber(now.weight + now.changes[place]!)}, cost ${formatNumber(now.costs[place]!)}`;

function Numbers({ now, place }: { readonly now: Wiggle; readonly place: number }) {
  const rest = now.real[place]! - now.predicted[place]!;
  return (
    <dl class="wiggle-numbers">
      <Row name="Weight">
        {formatNumber(now.weight)} →{' '}
        <Value name="wiggle-weight" value={now.weight + now.changes[place]!} />
      </Row>
      <Row name="Cost">
        {formatNumber(now.cost)} → <Value name="wiggle-cost" value={now.costs[place]!} />
      </Row>
      <Row name="Slope: ∂cost/∂weight">
        <Value name="wiggle-slope" value={now.slope} format={formatSigned} />
      </Row>
      <Row name="Predicted change" mark="is-line">
        <Value name="wiggle-predicted" value={now.predicted[place]!} format={formatSigned} />
      </Row>
      <Row name="Real change" mark="is-curve">
        <Value name="wiggle-real" value={now.real[place]!} format={formatSigned} />
      </Row>
      <Row name="Difference">
        <Value name="wiggle-difference" value={rest} format={formatSigned} />
      </Row>
      <Row name="Second-order term">
        <Value name="wiggle-bend" value={now.bends[place]!} format={formatSigned} />
      </Row>
    </dl>
  );
}

interface RowProps {
  readonly name: string;
  readonly mark?: string;
  readonly children: ComponentChildren;
}

function Row({ name, mark, children }: RowProps) {
  return (
    <div>
      <dt>
        {mark && <span class={`line-mark ${mark}`} aria-hidden="true" />}
        {name}
      </dt>
      <dd>{children}</dd>
    </div>
  );
}

function curveTable(now: Wiggle | undefined) {
  const rows = [...(now?.changes ?? [])].flatMap((change, n) =>
    n % 5 === 0
      ? [[formatSigned(change), now!.costs[n]!, now!.predicted[n]!, now!.real[n]!, now!.bends[n]!]]
      : [],
  );
  return { head: ['Change', 'Cost', 'Predicted', 'Real', 'Second order'], rows };
}

/** Seconds of the movement that shows, once, what the figure can do. */
const sweepSeconds = 4;

/** Turns the weight once when the figure comes into view. `to` returns false when the reader has taken over. */
function useSweep(
  element: RefObject<HTMLElement | null>,
  answer: Shown,
  to: (place: number) => boolean,
): void {
  const isInView = useSignal(false);
  useEffect(() => {
    const observer = new IntersectionObserver(
      ([entry]) => (isInView.value = entry!.isIntersecting),
      { threshold: 0.6 },
    );
    if (element.current) observer.observe(element.current);
    return () => observer.disconnect();
  }, []);
  const isReady = answer.value !== undefined && isInView.value;
  const isOver = useRef(false);
  useEffect(() => {
    if (!isReady || isOver.current) return;
    isOver.current = true;
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    let began: number | undefined;
    let stopped = false;
    const move = (time: number) => {
      began ??= time;
      const share = (time - began) / 1000 / sweepSeconds;
      // From the middle to both ends, and back to the place where it rests.
      const angle = 2 * Math.PI * Math.min(1, share);
      const offset = (rest - middle) * Math.min(1, share);
      const wanted = middle + offset - Math.sin(angle) * (middle - 4);
      const inside = Math.round(Math.min(last, Math.max(0, wanted)));
      if (stopped || !to(inside) || share >= 1) return;
      requestAnimationFrame(move);
    };
    requestAnimationFrame(move);
    return () => (stopped = true);
  }, [isReady]);
}

/** The range of costs to draw, and the distance of its ticks. */
interface Scale {
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

/** A round range of about four ticks, so that it stays for a while as the network learns. */
function scaleOf(now: Wiggle | undefined): Scale {
  if (!now) return { from: 0, to: 1, step: 0.25 };
  // With the part of the line that is near, which may promise a cost below 0.
  const near = [rest, last - rest].map((place) => now.cost + now.predicted[place]!);
  const [least, most] = [Math.min(...now.costs, ...near), Math.max(...now.costs, ...near)];
  const wanted = Math.max(most - least, 1e-12) / 4;
  const power = 10 ** Math.floor(Math.log10(wanted));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= wanted)!;
  return {
    from: Math.floor(least / step) * step,
    to: Math.ceil(most / step) * step,
    step,
  };
}

function drawCurve(area: Area, now: Wiggle | undefined, place: number, scale: Scale): void {
  if (!now) return;
  const { context, width, height, colours } = area;
  const [left, right, ground, sky] = [8, width - 8, height - 28, 20];
  const span = now.changes[last]!;
  const x = (change: number) => left + ((change / span + 1) / 2) * (right - left);
  const y = (value: number) =>
    ground - ((value - scale.from) / (scale.to - scale.from)) * (ground - sky);

  context.font = '12px system-ui';
  context.textBaseline = 'alphabetic';
  const ticks = Math.round((scale.to - scale.from) / scale.step);
  const digits = Math.max(0, -Math.floor(Math.log10(scale.step)));
  for (let n = 0; n <= ticks; n++) {
    const value = scale.from + n * scale.step;
    const level = Math.round(y(value)) + 0.5;
    context.strokeStyle = colours.line;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(0, level);
    context.lineTo(width, level);
    context.stroke();
  }
  const centre = Math.round(x(0)) + 0.5;
  context.beginPath();
  context.moveTo(centre, sky);
  context.lineTo(centre, ground);
  context.stroke();
  context.textAlign = 'center';
  context.fillStyle = colours.muted;
  context.fillText(`weight ${formatNumber(now.weight)}`, centre, height - 8);
  context.textAlign = 'left';
  context.fillText(`−${span}`, 2, height - 8);
  context.textAlign = 'right';
  context.fillText(`+${span}`, width - 2, height - 8);
  context.textAlign = 'left';

  // The promise: a straight line through the present.
  context.save();
  context.beginPath();
  context.rect(0, sky - 8, width, ground - sky + 12);
  context.clip();
  // Wide enough to show beside the curve where both are the same.
  context.strokeStyle = colours.nudge;
  context.lineWidth = 5;
  context.globalAlpha = 0.75;
  context.beginPath();
  context.moveTo(x(-span), y(now.cost - now.slope * span));
  context.lineTo(x(span), y(now.cost + now.slope * span));
  context.stroke();
  context.globalAlpha = 1;

  context.strokeStyle = colours.ink;
  context.lineWidth = 2.5;
  context.lineJoin = 'round';
  context.beginPath();
  now.changes.forEach((change, n) => context.lineTo(x(change), y(now.costs[n]!)));
  context.stroke();

  // What the promise missed.
  const at = x(now.changes[place]!);
  const [real, promised] = [y(now.costs[place]!), y(now.cost + now.predicted[place]!)];
  context.strokeStyle = colours.ink;
  context.lineWidth = 1;
  context.setLineDash([2, 3]);
  context.beginPath();
  context.moveTo(at, real);
  context.lineTo(at, promised);
  context.stroke();
  context.setLineDash([]);
  dot(area, [at, promised], 5, colours.card, colours.nudge);
  context.restore();

  context.fillStyle = colours.muted;
  for (let n = 0; n <= ticks; n++) {
    const value = scale.from + n * scale.step;
    const text = value.toFixed(Math.min(10, digits)).replace('-', '−');
    drawLabel(area, n === ticks ? `cost ${text}` : text, 2, Math.round(y(value)) - 4);
  }

  dot(area, [x(0), y(now.cost)], 5, colours.card, colours.ink);
  dot(area, [at, real], 8, colours.ink, colours.card);
}

function dot(
  { context }: Area,
  [x, y]: readonly [number, number],
  radius: number,
  fill: string,
  edge: string,
): void {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = fill;
  context.fill();
  context.strokeStyle = edge;
  context.lineWidth = 2;
  context.stroke();
}
