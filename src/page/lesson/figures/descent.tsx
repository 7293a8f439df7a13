/** Three walks downhill from one start, raced and drawn on a map of the cost. */
import './descent.css';
import type { ReadonlySignal } from '@preact/signals';

import { Canvas, drawLabel, type Area } from '../runtime/canvas.tsx';
import { contour, valueAt, type ValueGrid } from '../runtime/contours.ts';
import { Picture, type FigureBodyProps, type FigureModule } from '../runtime/figure.tsx';
import { formatNumber, Linked } from '../runtime/numbers.tsx';
import { useProgress } from '../runtime/progress.ts';
import { frame, highlight } from '../session.ts';
import { raceAxes, raceAxis as axis, type RaceAxis } from '../switches.ts';
import type {
  CostMap,
  DescentProgress,
  WalkKind,
  WalkPoint,
  WalkProgress,
} from '../worker/descent.ts';

export const descent: FigureModule = {
  id: 'descent',
  title: 'The drunk walk and the careful step',
  origin: 'The three walks are trainings of their own on the CPU engine.',
  Body,
};

function Body({ isShown }: FigureBodyProps) {
  const script = frame.value?.script;
  const key = script && `${script.data} ${script.seed} ${script.activation} ${script.rate}`;
  const progress = useProgress('descent', {}, { isShown, key, isDone: (value) => value.isDone });
  const shown = progress.value;
  return (
    <>
      <div class="prose">
        <p>
          How many examples should a step listen to? All of them together give the exact way
          downhill, but every step waits for all of them. A mini-batch of 100 gives a way that is
          only roughly right, and gives it much sooner. A single example answers at once, and knows
          nothing of the others.
        </p>
        <p>
          Three copies of this run’s first network walk downhill here, taking turns of a few
          milliseconds. They see the first {formatNumber(shown?.sampleCount ?? 2000)} training
          digits only: with all 60,000, one careful step would take thirty times as long. The cost
          is measured on {formatNumber(shown?.costCount ?? 500)} of them. The learning rate for
          single examples is a twentieth of the others: at the full rate, each would undo what the
          others taught.
        </p>
      </div>
      <Picture
        label="The cost of three walks downhill"
        point={shown ? <RacePoint shown={shown} /> : ''}
        table={() => raceTable(progress.peek())}
      >
        <div class="descent-switch" role="group" aria-label="The race, by">
          {raceAxes.map((name) => (
            <button
              type="button"
              class="small-button"
              aria-pressed={axis.value === name}
              onClick={() => (axis.value = name)}
            >
              By {name}
            </button>
          ))}
        </div>
        <Canvas
          isShown={isShown}
          height={(width) => Math.max(240, Math.min(400, width * 0.42))}
          draw={(area) => drawRace(area, progress.value, axis.value)}
        />
        <Legend progress={progress} />
      </Picture>
      <div class="prose descent-next">
        <p>
          Below are the same walks from above. A network is a point in a space of 13,002 weights and
          biases, and the map is one flat cut through that space. Ink is cost: the valley is where
          the map is empty, and each line joins networks of the same cost, as a line on a hiking map
          joins places of the same height.
        </p>
      </div>
      <Picture
        label="The paths of the three walks on a map of the cost"
        point={shown ? <MapPoint shown={shown} /> : ''}
        table={() => mapTable(progress.peek())}
      >
        <Canvas
          isShown={isShown}
          height={(width) => width * (17 / 27)}
          draw={(area) => drawMap(area, progress.value)}
        />
      </Picture>
      <div class="prose descent-next">
        <p>
          The cut holds three points exactly: the start, the end of the careful walk, and the end of
          the walk by mini-batches. All other points of the paths lie beside it, in the other 13,000
          directions, and so does most of the zigzag: a random way rarely points along a map. That
          is also why the cost under a path is not quite the cost on it.
        </p>
      </div>
    </>
  );
}

const names: Readonly<Record<WalkKind, string>> = {
  full: 'Full batch',
  mini: 'Mini-batches',
  single: 'One by one',
};

/** Line styles, so that colour is never the only sign. */
const styles: Readonly<
  Record<WalkKind, { colour: 'ink' | 'nudge' | 'muted'; width: number; dash: readonly number[] }>
> = {
  full: { colour: 'ink', width: 3, dash: [] },
  mini: { colour: 'nudge', width: 2.25, dash: [] },
  single: { colour: 'muted', width: 1.75, dash: [2, 3] },
};

const walkKey = (kind: WalkKind): string => `walk ${kind}`;

const walkOf = ({ walks }: DescentProgress, kind: WalkKind): WalkProgress =>
  walks.find((walk) => walk.kind === kind)!;

const last = ({ points }: WalkProgress): WalkPoint => points.at(-1) ?? { step: 0, cost: NaN };

/** The last point at or before a step. */
const atStep = ({ points }: WalkProgress, step: number): WalkPoint | undefined =>
  points.findLast((point) => point.step <= step);

function RacePoint({ shown }: { readonly shown: DescentProgress }) {
  const [full, mini, single] = (['full', 'mini', 'single'] as const).map((kind) =>
    walkOf(shown, kind),
  ) as [WalkProgress, WalkProgress, WalkProgress];
  const made = (walk: WalkProgress) => {
    const { step, cost } = last(walk);
    return (
      <Linked to={walkKey(walk.kind)}>
        {formatNumber(step)} {step === 1 ? 'step' : 'steps'} to a cost of {formatNumber(cost)}
      </Linked>
    );
  };
  const { firstSteps } = shown;
  const first = atStep(mini, firstSteps);
  return (
    <>
      In {time(last(full).step * full.secondsPerStep)}, the full batch made {made(full)}. In{' '}
      {time(last(mini).step * mini.secondsPerStep)}, mini-batches made {made(mini)}, and in{' '}
      {time(last(single).step * single.secondsPerStep)} single examples made {made(single)}.
      {first?.step === firstSteps && (
        <>
          {' '}
          Step for step it is the other way round: after {formatNumber(firstSteps)} steps the costs
          are {formatNumber(atStep(full, firstSteps)!.cost)}, {formatNumber(first.cost)} and{' '}
          {formatNumber(atStep(single, firstSteps)?.cost ?? NaN)}.
        </>
      )}
    </>
  );
}

function MapPoint({ shown }: { readonly shown: DescentProgress }) {
  const full = walkOf(shown, 'full');
  const mini = walkOf(shown, 'mini');
  const { map, firstSteps } = shown;
  if (full.detour === undefined || mini.detour === undefined)
    return <>The walks have just begun.</>;
  return (
    <>
      To get as far as it did in {formatNumber(firstSteps)} steps, the careful walk went{' '}
      <Linked to={walkKey('full')}>{formatNumber(full.detour)} times</Linked> the straight way, and
      the drunk one <Linked to={walkKey('mini')}>{formatNumber(mini.detour)} times</Linked>. It
      still came down far ahead, since it made{' '}
      {formatNumber(full.secondsPerStep / mini.secondsPerStep)} steps in the time of one careful
      step.
      {map && !shown.isDone && (
        <>
          {' '}
          The map has {formatNumber(known(map))} of its {formatNumber(map.costs.length)} points.
        </>
      )}
    </>
  );
}

const known = ({ costs }: CostMap): number =>
  costs.reduce((count, cost) => count + (Number.isNaN(cost) ? 0 : 1), 0);

/** '0.9 s', '7.1 ms', '9.2 µs'. */
function time(seconds: number): string {
  const short = (value: number) => (value < 10 ? value.toFixed(1) : String(Math.round(value)));
  if (seconds < 1e-3) return `${short(1e6 * seconds)} µs`;
  return seconds < 0.1 ? `${short(1e3 * seconds)} ms` : `${seconds.toFixed(1)} s`;
}

function Legend({ progress }: { readonly progress: ReadonlySignal<DescentProgress | undefined> }) {
  const shown = progress.value;
  return (
    <ul class="descent-legend" data-done={shown?.isDone === true}>
      {shown?.walks.map((walk) => {
        const { kind, batchSize, rate, secondsPerStep, detour, isLost } = walk;
        const { step, cost } = last(walk);
        return (
          <li
            key={kind}
            class={highlight.value === walkKey(kind) ? 'is-marked' : ''}
            data-walk={kind}
            data-step={step}
            data-cost={cost}
            data-seconds-per-step={secondsPerStep}
            data-detour={detour}
            onPointerEnter={() => (highlight.value = walkKey(kind))}
            onPointerLeave={() => (highlight.value = undefined)}
          >
            <LineSample kind={kind} />
            <span>
              <strong>{names[kind]}</strong>
              <span class="small">
                {formatNumber(batchSize)} {batchSize === 1 ? 'digit' : 'digits'} a step, in{' '}
                {secondsPerStep > 0 ? time(secondsPerStep) : '…'}, at rate {String(rate)}
                {isLost && '; a number became infinite'}
              </span>
            </span>
          </li>
        );
      })}
    </ul>
  );
}

function LineSample({ kind }: { readonly kind: WalkKind }) {
  const { colour, width, dash } = styles[kind];
  return (
    <svg width="34" height="12" aria-hidden="true">
      <line
        {...{ x1: 1, y1: 6, x2: 33, y2: 6 }}
        stroke={`var(--${colour})`}
        stroke-width={width}
        stroke-dasharray={dash.join(' ')}
      />
    </svg>
  );
}

function raceTable(shown: DescentProgress | undefined) {
  return {
    head: [
      ...['Walk', 'Digits per step', 'Learning rate', 'Seconds per step', 'Steps'],
      ...['Cost at the start', 'Cost now'],
    ],
    rows: (shown?.walks ?? []).map((walk) => [
      ...[names[walk.kind], walk.batchSize, walk.rate, walk.secondsPerStep, last(walk).step],
      ...[walk.points[0]?.cost ?? NaN, last(walk).cost],
    ]),
  };
}

function mapTable(shown: DescentProgress | undefined) {
  return {
    head: ['Walk', 'Step', 'Cost', 'Along the map', 'Across the map', 'Distance from the start'],
    rows: (shown?.walks ?? []).flatMap((walk) =>
      walk.points.flatMap(({ step, cost, place }) =>
        place && (step === 0 || step === last(walk).step || Number.isInteger(Math.log10(step)))
          ? [[names[walk.kind], step, cost, place.x, place.y, place.distance]]
          : [],
      ),
    ),
  };
}

const costTicks = [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];

/** Cost by steps or seconds. */
function drawRace(area: Area, shown: DescentProgress | undefined, axis: RaceAxis): void {
  const { context, width, height, colours } = area;
  const [left, right, top, bottom] = [40, 20, 24, 34];
  const walks = shown?.walks ?? [];
  const costs = walks.flatMap(({ points }) => points.map(({ cost }) => cost)).filter((c) => c > 0);
  const [low, high] = [Math.min(0.1, ...costs) * 0.85, Math.max(2, ...costs) * 1.15];
  const y = (cost: number) =>
    top + (height - top - bottom) * (1 - Math.log(cost / low) / Math.log(high / low));
  const across = width - left - right;
  const longest = Math.max(0.01, ...walks.map((walk) => walk.steps * walk.secondsPerStep));
  const mostSteps = Math.max(100, ...walks.map(({ steps }) => steps));
  const x = (walk: WalkProgress, step: number) =>
    left +
    across *
      (axis === 'steps'
        ? Math.log(step + 1) / Math.log(mostSteps + 1)
        : Math.min(1, (step * walk.secondsPerStep) / longest));

  context.font = '12px system-ui';
  context.lineWidth = 1;
  context.strokeStyle = colours.line;
  context.fillStyle = colours.muted;
  context.textBaseline = 'middle';
  context.textAlign = 'right';
  for (const tick of costTicks.filter((cost) => cost > low && cost < high)) {
    horizontal(context, left, width - right, y(tick));
    context.fillText(String(tick), left - 7, y(tick));
  }
  context.textBaseline = 'alphabetic';
  context.textAlign = 'left';
  context.fillText('cost', 0, 11);
  context.textAlign = 'center';
  const below = height - bottom + 16;
  if (axis === 'steps') {
    for (let step = 1; step <= mostSteps; step *= 10) {
      const at = left + (across * Math.log(step + 1)) / Math.log(mostSteps + 1);
      context.fillText(formatNumber(step), at, below);
    }
  } else {
    const most = across / 60;
    const tick = [0.1, 0.2, 0.5, 1, 2, 5, 10].find((size) => longest / size <= most) ?? 20;
    for (let n = 0; n * tick <= longest; n++) {
      const at = left + (across * n * tick) / longest;
      context.fillText(n === 0 ? '0' : `${Number((n * tick).toFixed(1))} s`, at, below);
    }
  }
  context.textAlign = 'right';
  const steps = width > 480 ? 'steps, each line ten times the one before' : 'steps';
  context.fillText(axis === 'steps' ? steps : 'computing time', width - right, height - 4);

  for (const walk of walks.toReversed()) {
    stroke(area, walk.kind, () => {
      walk.points.forEach(({ step, cost }) => context.lineTo(x(walk, step), y(cost)));
    });
    const { step, cost } = last(walk);
    if (Number.isNaN(cost)) continue;
    context.fillStyle = colours[styles[walk.kind].colour];
    context.beginPath();
    context.arc(x(walk, step), y(cost), 4, 0, 2 * Math.PI);
    context.fill();
  }
}

/** A path in the style of a walk, with a halo that keeps it apart from what lies under it. */
function stroke({ context, colours }: Area, kind: WalkKind, trace: () => void): void {
  const { colour, width, dash } = styles[kind];
  const isMarked = highlight.value === walkKey(kind);
  context.lineJoin = 'round';
  context.beginPath();
  trace();
  context.strokeStyle = colours.card;
  context.globalAlpha = 0.75;
  context.lineWidth = width + 2.5;
  context.stroke();
  context.globalAlpha = highlight.value?.startsWith('walk') === true && !isMarked ? 0.35 : 1;
  context.strokeStyle = colours[colour];
  context.lineWidth = isMarked ? width + 1.5 : width;
  context.setLineDash([...dash]);
  context.stroke();
  context.setLineDash([]);
  context.globalAlpha = 1;
}

function horizontal(context: CanvasRenderingContext2D, from: number, to: number, y: number): void {
  context.beginPath();
  context.moveTo(from, y);
  context.lineTo(to, y);
  context.stroke();
}

/** Levels between two shades of the map. Those in `lines` have a line with a number. */
const bands = [0.05, 0.07, 0.1, 0.14, 0.2, 0.3, 0.5, 0.7, 1, 1.4, 2, 3, 5, 7, 10];
const lines = [0.1, 0.2, 0.5, 1, 2, 5];
/** Width of the squares that the shades are painted with. */
const grain = 3;

function drawMap(area: Area, shown: DescentProgress | undefined): void {
  const { context, width, height, colours } = area;
  context.strokeStyle = colours.line;
  context.strokeRect(0.5, 0.5, width - 1, height - 1);
  const map = shown?.map;
  if (!map) {
    context.fillStyle = colours.muted;
    context.font = '15px system-ui';
    context.textAlign = 'center';
    context.fillText('The map follows when the walks have ended.', width / 2, height / 2);
    return;
  }
  const grid: ValueGrid = { ...map, values: map.costs.map(Math.log) };
  paintBands(area, grid);
  drawLines(area, grid);
  const x = (at: number) => ((at - map.from.x) / (map.to.x - map.from.x)) * width;
  const y = (at: number) => ((at - map.from.y) / (map.to.y - map.from.y)) * height;
  for (const { kind, points } of shown.walks.toReversed()) {
    stroke(area, kind, () => {
      for (const { place } of points) if (place) context.lineTo(x(place.x), y(place.y));
    });
  }
  context.font = '600 13px system-ui';
  for (const walk of shown.walks) {
    const { place } = last(walk);
    if (!place) continue;
    const at = [x(place.x), y(place.y)] as const;
    dot(area, at, colours[styles[walk.kind].colour]);
    label(area, names[walk.kind], at);
  }
  const start = [x(0), y(0)] as const;
  dot(area, start, colours.card);
  label(area, 'Start', start);
}

/** Shades by cost, painted as runs of the same shade. */
function paintBands({ context, width, height, colours }: Area, grid: ValueGrid): void {
  const levels = bands.map(Math.log);
  context.fillStyle = colours.ink;
  for (let top = 0; top < height; top += grain) {
    const y = ((top + grain / 2) / height) * (grid.rows - 1);
    let from = 0;
    let shade = -1;
    for (let left = 0; left <= width + grain; left += grain) {
      const x = ((left + grain / 2) / width) * (grid.columns - 1);
      const value = valueAt(grid, x, y);
      const next =
        left > width || Number.isNaN(value) ? -1 : levels.filter((level) => level < value).length;
      if (next === shade) continue;
      if (shade > 0) {
        context.globalAlpha = 0.55 * (shade / levels.length) ** 1.4;
        context.fillRect(from, top, left - from, grain);
      }
      [from, shade] = [left, next];
    }
  }
  context.globalAlpha = 1;
}

function drawLines({ context, width, height, colours }: Area, grid: ValueGrid): void {
  const [right, down] = [width / (grid.columns - 1), height / (grid.rows - 1)];
  context.font = '11px system-ui';
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  for (const level of lines) {
    const segments = contour(grid, Math.log(level));
    context.beginPath();
    for (const [x0, y0, x1, y1] of segments) {
      context.moveTo(x0 * right, y0 * down);
      context.lineTo(x1 * right, y1 * down);
    }
    context.strokeStyle = colours.ink;
    context.globalAlpha = 0.45;
    context.lineWidth = level === 1 ? 1.5 : 0.75;
    context.stroke();
    context.globalAlpha = 1;
    // Near the upper or right border, away from the paths.
    const place = segments.toSorted((a, b) => b[0] - 2 * b[1] - (a[0] - 2 * a[1]))[2];
    if (!place) continue;
    const x = Math.min(width - 18, Math.max(18, place[0] * right));
    const y = Math.min(height - 10, Math.max(10, place[1] * down));
    context.fillStyle = colours.ink;
    drawLabel({ context, colours }, String(level), x, y);
  }
}

function dot(
  { context, colours }: Area,
  [x, y]: readonly [x: number, y: number],
  fill: string,
): void {
  context.beginPath();
  context.arc(x, y, 6, 0, 2 * Math.PI);
  context.fillStyle = fill;
  context.fill();
  context.lineWidth = 1.5;
  context.strokeStyle = colours.ink;
  context.stroke();
}

function label(
  { context, width, height, colours }: Area,
  text: string,
  [x, y]: readonly [x: number, y: number],
): void {
  const isLeft = x > width * 0.7;
  const under = Math.min(height - 12, Math.max(12, y + (y > height - 30 ? -18 : 18)));
  context.textAlign = isLeft ? 'right' : 'left';
  context.textBaseline = 'middle';
  context.fillStyle = colours.ink;
  drawLabel({ context, colours }, text, x + (isLeft ? 4 : -4), under);
}
