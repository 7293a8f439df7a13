/** The cost of the chosen digit: ten squares added up; then the average over all test digits. */
import './cost.css';
import { useSignal, type ReadonlySignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';

import { Canvas, drawLabel, type Area } from '../runtime/canvas.tsx';
import { Picture, type FigureBodyProps, type FigureModule } from '../runtime/figure.tsx';
import { neuronKey } from '../runtime/network.ts';
import { formatNumber, formatShare, Linked } from '../runtime/numbers.tsx';
import { Value } from '../runtime/value.tsx';
import { ask, command, exampleName, frame, highlight, liveAnswer, selection } from '../session.ts';
import type { Costs } from '../worker/cost.ts';
import { DigitImage } from './examplePicker.tsx';

export const cost: FigureModule = { id: 'cost', title: 'The cost of one example', Body };

type Shown = ReadonlySignal<Costs | undefined>;

function Body({ isShown }: FigureBodyProps) {
  const costs = useMemo(() => liveAnswer('costs', isShown, () => ({})), []);
  const now = costs.value;
  return (
    <>
      <div class="prose">
        <p>
          How wrong is an answer? Put the ten outputs beside the ten values they should have: 1 for
          the digit in the image, 0 for the nine others. Take each difference, square it, and add
          the ten squares up. That is the <em>cost</em> of this example. It is small when the
          network is sure of the right digit, and large when it does not know.
        </p>
      </div>
      <Picture
        label="The ten outputs of the chosen digit, the values they should have, and the squares of the differences"
        point={now ? <ExamplePoint {...now} /> : ''}
        table={() => squaresTable(costs.peek())}
      >
        <Squares costs={costs} />
      </Picture>
      <div class="prose between">
        <p>
          One example says little. The cost <em>of the network</em> is the average over all
          examples, and this one number is what learning lowers. Here are{' '}
          {now ? formatNumber(now.test.costs.length) : 'thousands of'} test digits side by side, the
          cheapest on the left. If you levelled the hill, its surface would lie at the average.
        </p>
      </div>
      <Picture
        label="The costs of all test digits in ascending order"
        point={now ? <AveragePoint {...now} /> : ''}
        table={() => ranksTable(costs.peek())}
      >
        <Hill isShown={isShown} costs={costs} />
        <Strip costs={costs} />
      </Picture>
    </>
  );
}

function ExamplePoint({ example: { squares, cost: sum } }: Costs) {
  const values = squares.map(({ square }) => square);
  const largest = values.indexOf(Math.max(...values));
  const { given, wanted, square } = squares[largest]!;
  return (
    <>
      The ten squares of {exampleName} add up to{' '}
      <strong>
        <Value name="cost-example" value={sum} />
      </strong>
      . The largest,{' '}
      <Linked to={neuronKey({ layer: 3, index: largest })}>{formatNumber(square)}</Linked>, is that
      of output {largest}, which gives {formatNumber(given)} and should give {wanted}.
    </>
  );
}

function AveragePoint({ example, test: { mean, costs: all, belowMean } }: Costs) {
  const count = all.length;
  return (
    <>
      The average over {formatNumber(count)} test digits is{' '}
      <strong>
        <Value name="cost-mean" value={mean} />
      </strong>
      . {formatShare(belowMean / count)} of them cost less than that
      {belowMean > 0.6 * count ? ': a few expensive ones raise it' : ''}.{' '}
      {exampleName.value === 'your drawing' ? 'Your drawing' : 'The chosen digit'} costs{' '}
      {formatNumber(example.cost)}, more than <Value name="cost-cheaper" value={example.cheaper} />{' '}
      of them.
    </>
  );
}

const squaresTable = (now: Costs | undefined) => ({
  head: ['Output', 'Given', 'Wanted', 'Square of the difference'],
  rows: (now?.example.squares ?? []).map(({ given, wanted, square }, index) => [
    ...[String(index), given, wanted, square],
  ]),
});

function ranksTable(now: Costs | undefined) {
  const { order, costs: all, isRight } = now?.test ?? { order: [], costs: [], isRight: [] };
  const rows = quantiles(order.length, 21).map((rank) => {
    const sample = order[rank]!;
    const answer = isRight[sample] === 1 ? 'right' : 'wrong';
    return [formatNumber(rank + 1), `test digit ${sample}`, all[sample]!, answer];
  });
  return { head: ['Place', 'Digit', 'Cost', 'Answer'], rows };
}

/** Places from the first to the last of `count`, evenly spread. */
const quantiles = (count: number, wanted: number): number[] =>
  count === 0
    ? []
    : Array.from({ length: wanted }, (_, n) => Math.round((n * (count - 1)) / (wanted - 1)));

/** The ten outputs as a radio group: the chosen one is the neuron that all figures show. */
function Squares({ costs }: { readonly costs: Shown }) {
  const list = useRef<HTMLDivElement>(null);
  const now = costs.value;
  const { neuron } = selection.value;
  const chosen = neuron.layer === 3 ? neuron.index : undefined;
  const choose = (index: number) => {
    selection.value = { ...selection.value, neuron: { layer: 3, index } };
  };
  const move = (event: KeyboardEvent) => {
    const by = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    const next = ((chosen ?? 0) + by + 10) % 10;
    choose(next);
    (list.current?.children[next] as HTMLElement | undefined)?.focus();
  };
  return (
    <div class="cost-squares">
      <svg width="0" height="0" class="hidden" aria-hidden="true">
        <pattern
          id="cost-hatch"
          width="7"
          height="7"
          patternUnits="userSpaceOnUse"
          patternTransform="rotate(45)"
        >
          <rect width="7" height="7" class="hatch-paper" />
          <line x1="0" y1="0" x2="0" y2="7" class="hatch-line" />
        </pattern>
      </svg>
      <div ref={list} class="tiles" role="radiogroup" aria-label="Output" onKeyDown={move}>
        {Array.from({ length: 10 }, (_, index) => {
          const { given, wanted, square } = now?.example.squares[index] ?? empty;
          const key = neuronKey({ layer: 3, index });
          return (
            <button
              key={index}
              type="button"
              role="radio"
              aria-checked={chosen === index}
              aria-label={`Output ${index}: given ${formatNumber(given)}, wanted ${wanted}, square ${formatNumber(square)}`}
              tabIndex={(chosen ?? 0) === index ? 0 : -1}
              class={highlight.value === key ? 'tile is-marked' : 'tile'}
              onClick={() => choose(index)}
              onPointerEnter={() => (highlight.value = key)}
              onPointerLeave={() => (highlight.value = undefined)}
            >
              <span class={wanted === 1 ? 'digit-name is-label' : 'digit-name'}>{index}</span>
              <SquareDrawing given={given} wanted={wanted} />
              <span class="given">
                ({given.toFixed(2)} − {wanted})²
              </span>
              <data class="square" value={square}>
                {short(square)}
              </data>
            </button>
          );
        })}
      </div>
      {now && <Sum {...now} />}
    </div>
  );
}

const empty = { given: 0, wanted: 0, square: 0 };

/** Few places, so that ten fit in a row. */
const short = (value: number): string => value.toFixed(value < 0.0995 ? 3 : 2);

/** The output as a column, the value it should have as a line, and the difference as a square between them. */
function SquareDrawing({ given, wanted }: { readonly given: number; readonly wanted: number }) {
  const side = 100 * Math.abs(given - wanted);
  return (
    <svg viewBox="-2 -4 122 108" aria-hidden="true">
      <rect x="0" y="0" width="12" height="100" class="track" />
      <rect x="0" y={100 - 100 * given} width="12" height={100 * given} class="output" />
      <rect
        x="17"
        y={wanted === 1 ? 0 : 100 - side}
        width={side}
        height={side}
        class="square-area"
      />
      <line x1="-2" x2="118" y1={100 - 100 * wanted} y2={100 - 100 * wanted} class="target" />
    </svg>
  );
}

/** The ten squares as one bar, beside the average. */
function Sum({ example, test: { mean } }: Costs) {
  const scale = top(Math.max(example.cost, mean) * 1.1);
  return (
    <div class="sum">
      <span class="sum-name">added up</span>
      <div class="sum-bar" aria-hidden="true">
        {example.squares.map(({ square }, index) => (
          <span
            key={index}
            class={highlight.value === neuronKey({ layer: 3, index }) ? 'part is-marked' : 'part'}
            style={{ width: `${(100 * square) / scale}%` }}
          >
            <span>{index}</span>
          </span>
        ))}
        <span
          class={mean > 0.7 * scale ? 'sum-mean is-far' : 'sum-mean'}
          style={{ left: `${(100 * mean) / scale}%` }}
        >
          <span>average</span>
        </span>
      </div>
      <strong class="sum-value">{formatNumber(example.cost)}</strong>
    </div>
  );
}

const hillHeight = (width: number): number => Math.max(190, Math.min(270, width * 0.26));

/** A round number at or above the largest cost. */
const top = (largest: number): number =>
  [0.05, 0.1, 0.25, 0.5, 1, 1.5, 2, 3, 5, 10].find((edge) => edge >= largest) ?? largest;

function Hill({ isShown, costs }: FigureBodyProps & { readonly costs: Shown }) {
  const now = costs.value;
  const count = now?.test.costs.length ?? 0;
  const rank = now?.example.cheaper ?? 0;
  const choose = (wanted: number) => {
    const order = costs.peek()?.test.order;
    if (!order) return;
    const place = Math.min(order.length - 1, Math.max(0, Math.round(wanted)));
    command({ do: 'choose', example: { kind: 'test', index: order[place]! } });
  };
  const move = (event: KeyboardEvent) => {
    const to = {
      ArrowLeft: rank - 1,
      ArrowDown: rank - 1,
      ArrowRight: rank + 1,
      ArrowUp: rank + 1,
      PageDown: rank - 100,
      PageUp: rank + 100,
      Home: 0,
      End: count - 1,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    choose(to);
  };
  return (
    <div
      class="drawing"
      role="slider"
      tabIndex={0}
      aria-label="Chosen digit among the test digits by cost; arrow keys choose another"
      aria-valuemin={1}
      aria-valuemax={Math.max(1, count)}
      aria-valuenow={Math.min(Math.max(1, count), rank + 1)}
      aria-valuetext={
        now ? `place ${rank + 1} of ${count}, cost ${formatNumber(now.example.cost)}` : ''
      }
      onKeyDown={move}
      onClick={(event) => {
        const { left, width } = event.currentTarget.getBoundingClientRect();
        choose(((event.clientX - left) / width) * count);
      }}
    >
      <Canvas isShown={isShown} height={hillHeight} draw={(area) => drawHill(area, costs.value)} />
    </div>
  );
}

function drawHill({ context, width, height, colours }: Area, now: Costs | undefined): void {
  if (!now) return;
  const { costs: all, order, isRight, mean, wrong } = now.test;
  const highest = top(Math.max(all[order.at(-1)!]!, now.example.cost));
  const ground = height - 34;
  const y = (value: number) => ground - (value / highest) * (ground - 22);
  const x = (place: number) => (place / order.length) * width;

  context.font = '13px system-ui';
  context.fillStyle = colours.muted;
  context.globalAlpha = 0.32;
  context.beginPath();
  context.moveTo(0, ground);
  order.forEach((sample, place) => context.lineTo(x(place + 0.5), y(all[sample]!)));
  context.lineTo(width, ground);
  context.fill();
  context.globalAlpha = 1;
  context.strokeStyle = colours.ink;
  context.lineWidth = 1.5;
  context.beginPath();
  order.forEach((sample, place) => context.lineTo(x(place + 0.5), y(all[sample]!)));
  context.stroke();
  context.strokeStyle = colours.line;
  context.strokeRect(0, ground + 0.5, width, 0);

  // Wrong answers, as a rug.
  context.fillStyle = colours.ink;
  order.forEach((sample, place) => {
    if (isRight[sample] === 0) context.fillRect(x(place), ground + 3, Math.max(1, width / 2000), 9);
  });
  context.textBaseline = 'alphabetic';
  context.fillStyle = colours.muted;
  context.fillText('cheapest', 0, height - 4);
  context.textAlign = 'right';
  context.fillText(`${formatNumber(wrong)} wrong answers: ❘`, width, height - 4);
  context.textAlign = 'left';

  const level = Math.round(y(mean)) + 0.5;
  context.strokeStyle = colours.ink;
  context.lineWidth = 1;
  context.setLineDash([2, 3]);
  context.beginPath();
  context.moveTo(0, level);
  context.lineTo(width, level);
  context.stroke();
  context.setLineDash([]);
  context.fillStyle = colours.ink;
  context.font = '600 13px system-ui';
  context.fillText(`average ${formatNumber(mean)}`, 0, level - 6);

  const at = { x: x(now.example.cheaper + 0.5), y: y(now.example.cost) };
  context.strokeStyle = colours.nudge;
  context.lineWidth = 2;
  context.beginPath();
  context.moveTo(at.x, ground + 14);
  context.lineTo(at.x, at.y);
  context.stroke();
  context.beginPath();
  context.arc(at.x, at.y, 6, 0, 2 * Math.PI);
  context.fillStyle = colours.card;
  context.fill();
  context.stroke();
  context.fillStyle = colours.ink;
  const text = `this digit ${formatNumber(now.example.cost)}`;
  // At the left of the digit, where the hill is lower than its label.
  const wide = context.measureText(text).width;
  const end = Math.max(wide, at.x + 6);
  context.textAlign = 'right';
  // The labels of the average and of the digit would cover each other on the left.
  const isLow = end - wide < 120 && Math.abs(at.y - level) < 40;
  const above = isLow ? Math.min(at.y, level) - 26 : at.y - 13;
  drawLabel({ context, colours }, text, Math.min(width, end), Math.max(13, above));
  context.textAlign = 'left';
}

const stripCount = 10;

/** Test digits from the cheapest to the most expensive. While the network learns they stay, and their costs move. */
function Strip({ costs }: { readonly costs: Shown }) {
  const digits = useSignal<readonly { index: number; pixels: Uint8Array; label: number }[]>([]);
  const now = costs.value;
  const isPlaying = frame.value?.isPlaying === true;
  const shown = useRef('');
  useEffect(() => {
    if (!now || (isPlaying && shown.current !== '')) return;
    const indices = quantiles(now.test.order.length, stripCount).map(
      (rank) => now.test.order[rank]!,
    );
    if (indices.join() === shown.current) return;
    shown.current = indices.join();
    void ask('testSamples', { indices }).then(({ pixels, labels }) => {
      digits.value = indices.map((index, n) => ({ index, pixels: pixels[n]!, label: labels[n]! }));
    });
  }, [now, isPlaying]);
  const chosen = frame.value?.example;
  return (
    <div
      class="cost-strip"
      role="group"
      aria-label="Digits from the cheapest to the most expensive"
    >
      {digits.value.map(({ index, pixels, label }) => {
        const value = now?.test.costs[index] ?? 0;
        const isRight = now?.test.isRight[index] === 1;
        return (
          <button
            key={index}
            type="button"
            class="digit-button"
            aria-label={`Test digit ${index}, a ${label}, cost ${formatNumber(value)}, ${isRight ? 'right' : 'wrong'}`}
            aria-pressed={chosen?.kind === 'test' && chosen.index === index}
            onClick={() => command({ do: 'choose', example: { kind: 'test', index } })}
          >
            <DigitImage pixels={pixels} />
            <span>
              {short(value)}
              {isRight ? '' : ' ✗'}
            </span>
          </button>
        );
      })}
    </div>
  );
}
