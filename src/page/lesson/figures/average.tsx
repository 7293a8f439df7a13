/** The lecture's table: what each example of a mini-batch wishes for each weight, and the average. */
import { computed, type ReadonlySignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';

import './average.css';
import { Picture, type FigureBodyProps, type FigureModule } from '../runtime/figure.tsx';
import { formatNumber, formatSigned, Linked } from '../runtime/numbers.tsx';
import { colours } from '../runtime/canvas.tsx';
import { isSameWeight, weightKey, weightLabel } from '../runtime/weights.ts';
import { command, frame, highlight, liveAnswer, selection, type WeightChoice } from '../session.ts';
import { averageColumns as columns, averaged, averagedOf, averageSize } from '../switches.ts';
import type { AverageAnswer, AverageQuestion, AverageRow } from '../worker/average.ts';
import { DigitImage } from './examplePicker.tsx';

export const average: FigureModule = { id: 'average', title: 'The average of all wishes', Body };

/** A mini-batch stays so long while the run plays, so that it can be read. */
const holdMs = 6000;

function Body({ isShown }: FigureBodyProps) {
  const answer = useMemo(() => averages(isShown), []);
  const shown = answer.value;
  return (
    <>
      <div class="prose">
        <p>
          So far one digit had its wish. But a network that listens to one digit alone forgets the
          others. So ask every digit of a mini-batch, write what each wishes for every weight into a
          table, and take the average of each row.
        </p>
      </div>
      <Picture
        label="What each digit of a mini-batch wishes for some weights, and the average"
        point={shown ? <Point shown={shown} /> : ''}
        table={() => numbersOf(answer.peek())}
      >
        <Controls shown={shown} />
        <div class="average-place">{shown && <WishTable shown={shown} />}</div>
      </Picture>
      <div class="prose">
        <p>
          The column of averages is all that the step uses. It is the negative gradient of the cost:
          the direction that lowers the average cost fastest. Wishes that most digits share add up;
          wishes that contradict each other cancel.
        </p>
        <p>
          Leave a digit out by its image, or average fewer digits, and see how much the last column
          depends on each. Select a row to carry its weight to the other figures. The two rows of
          pictures hold all 13,002 numbers: sixteen images of the weights from the pixels, and below
          them the weights and biases further on.
        </p>
      </div>
    </>
  );
}

function averages(isShown: ReadonlySignal<boolean>): ReadonlySignal<AverageAnswer | undefined> {
  let pickedAt = -Infinity;
  const answer: ReadonlySignal<AverageAnswer | undefined> = liveAnswer('average', isShown, () => {
    const now = performance.now();
    const last = answer.peek();
    const isHeld = frame.value?.isPlaying === true && now - pickedAt < holdMs;
    if (!isHeld) pickedAt = now;
    const question: AverageQuestion = {
      ...averaged.value,
      columns,
      weights: selection.value.weights,
      ...(isHeld && last && { held: { samples: last.samples, ranked: last.ranked } }),
    };
    return question;
  });
  return answer;
}

function Point({ shown }: { readonly shown: AverageAnswer }) {
  const row = shown.rows.find((one) => isSameWeight(one, shown.ranked[0]!))!;
  const [more, less] = votes(row);
  const agrees = shown.difference <= 1;
  return (
    <>
      Of {formatNumber(shown.count)} {shown.count === 1 ? 'digit' : 'digits'}, {more} want more of
      the weight <Linked to={weightKey(row)}>{weightLabel(row)}</Linked> and {less} want less. The
      average is <strong>{formatSigned(row.average)}</strong>
      {more > less === row.average > 0 ? '. ' : ', because wishes count by their size. '}
      <span
        data-value={shown.difference}
        class={agrees ? undefined : 'is-wrong'}
        id="average-difference"
      >
        {agrees
          ? `All 13,002 averages equal the engine's negative gradient: the largest difference is ${formatNumber(shown.difference)} of the tolerance.`
          : `The averages differ from the engine's negative gradient by ${formatNumber(shown.difference)} times the tolerance.`}
      </span>
    </>
  );
}

/** How many examples want more of a weight, and how many less. */
function votes({ nudges }: AverageRow): readonly [number, number] {
  return [nudges.filter((nudge) => nudge > 0).length, nudges.filter((nudge) => nudge < 0).length];
}

function Controls({ shown }: { readonly shown: AverageAnswer | undefined }) {
  const { count, without } = averaged.value;
  const size = shown?.samples.length ?? averageSize;
  const used = Math.min(count, size);
  const set = (value: number, left = without) => {
    averaged.value = averagedOf(Math.max(1, Math.min(size, value)), left);
  };
  return (
    <div class="average-controls">
      <div class="buttons" role="group" aria-label="Digits to average">
        <button
          type="button"
          class="small-button"
          disabled={used <= 1}
          onClick={() => set(used - 1)}
        >
          Remove one
        </button>
        <button
          type="button"
          class="small-button"
          disabled={used >= size}
          onClick={() => set(used + 1)}
        >
          Add one
        </button>
        {[1, 10, 100].map((value) => (
          <button
            key={value}
            type="button"
            class="small-button"
            aria-pressed={used === Math.min(value, size) && without.length === 0}
            onClick={() => set(value, [])}
          >
            {value === 100 ? `All ${size}` : value}
          </button>
        ))}
      </div>
      {shown && (
        <p class="small average-origin">
          {shown.isNext
            ? 'The mini-batch that the next step trains on.'
            : 'A mini-batch of a moment ago, by the network of now.'}{' '}
          <button type="button" class="plain" onClick={() => command({ do: 'advance', steps: 1 })}>
            {frame.value?.isPlaying === true ? 'Pause at the next step' : 'Make this step'}
          </button>
        </p>
      )}
    </div>
  );
}

function WishTable({ shown }: { readonly shown: AverageAnswer }) {
  const used = Math.min(averaged.value.count, shown.samples.length);
  const own = Math.min(columns, shown.samples.length);
  const largest = Math.max(
    ...shown.rows.flatMap(({ nudges }) => [...nudges.subarray(0, own)].map(finite)),
    1e-30,
  );
  const others = used - columns;
  return (
    <div class="scrolls average-scroll" tabIndex={0} role="region" aria-label="Table of wishes">
      <table class="average-table">
        <thead>
          <tr>
            <th scope="col">Weight</th>
            {shown.pixels.map((pixels, position) => (
              <th
                key={position}
                scope="col"
                class={isUsed(position) ? 'average-wish' : 'average-wish is-out'}
              >
                <ExampleToggle {...{ shown, pixels, position, used }} />
              </th>
            ))}
            {others > 0 && (
              <th scope="col" class="others">
                {formatNumber(others)} {others === 1 ? 'other' : 'others'}
              </th>
            )}
            <th scope="col" class="mean">
              Average
            </th>
            <th scope="col" class="slope">
              Gradient
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.rows.map((row) => (
            <Row key={weightKey(row)} {...{ row, own, others, largest }} />
          ))}
          {([1, -1] as const).map((sign) => (
            <AllRow key={sign} {...{ shown, sign, own, others }} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

const finite = (value: number): number => (Number.isFinite(value) ? Math.abs(value) : 0);

const isUsed = (position: number): boolean =>
  position < averaged.value.count && !averaged.value.without.includes(position);

/** An example's image, which leaves it out or takes it back. */
function ExampleToggle({
  shown,
  pixels,
  position,
  used,
}: {
  readonly shown: AverageAnswer;
  readonly pixels: Uint8Array;
  readonly position: number;
  readonly used: number;
}) {
  const isIn = isUsed(position);
  const toggle = () => {
    const { count, without } = averaged.value;
    const others = without.filter((one) => one !== position);
    if (position >= used) averaged.value = averagedOf(position + 1, others);
    else if (!isIn) averaged.value = averagedOf(count, others);
    else if (shown.count > 1) averaged.value = averagedOf(count, [...without, position]);
  };
  return (
    <button
      type="button"
      class="digit-button"
      aria-pressed={isIn}
      aria-label={`Training digit ${shown.samples[position]}, a ${shown.labels[position]}: in the average`}
      onClick={toggle}
    >
      <DigitImage pixels={pixels} />
    </button>
  );
}

function Row({
  row,
  own,
  others,
  largest,
}: {
  readonly row: AverageRow;
  readonly own: number;
  readonly others: number;
  readonly largest: number;
}) {
  const key = weightKey(row);
  const [first, second] = selection.value.weights;
  const place = isSameWeight(row, first) ? 1 : isSameWeight(row, second) ? 2 : 0;
  const select = () => {
    if (place === 1) return;
    selection.value = { ...selection.value, weights: [weightOf(row), first] };
  };
  const marked = highlight.value === key;
  return (
    <tr
      class={marked ? 'is-marked' : undefined}
      data-weight={`${row.layer}.${row.output}.${row.input}`}
      onPointerEnter={() => (highlight.value = key)}
      onPointerLeave={() => (highlight.value = undefined)}
    >
      <th scope="row">
        <button type="button" class="weight-name" aria-pressed={place > 0} onClick={select}>
          {weightLabel(row)}
        </button>
      </th>
      {Array.from({ length: own }, (_, position) => (
        <td key={position} class="average-wish">
          <Nudge value={row.nudges[position]!} largest={largest} />
        </td>
      ))}
      {others > 0 && (
        <td class="others">
          <Bars values={row.nudges.subarray(columns, columns + others)} average={row.average} />
        </td>
      )}
      <td class="mean" data-value={row.average}>
        <Nudge value={row.average} largest={largest} format={formatSigned} />
      </td>
      <td class="slope" data-value={row.gradient}>
        {formatSigned(row.gradient)}
      </td>
    </tr>
  );
}

const weightOf = ({ layer, output, input }: AverageRow): WeightChoice => ({ layer, output, input });

/** A nudge as an arrow, as large as the nudge, and a number. */
function Nudge({
  value,
  largest,
  format = formatThousandths,
}: {
  readonly value: number;
  readonly largest: number;
  readonly format?: (value: number) => string;
}) {
  if (Number.isNaN(value)) return <span class="small">–</span>;
  // Half of its largest height for a sixteenth of the largest nudge: small ones stay visible.
  const size = 0.35 + 0.95 * Math.min(1, Math.sqrt(Math.abs(value) / largest));
  return (
    <span class="average-nudge">
      <span class="average-arrow" aria-hidden="true" style={{ fontSize: `${size.toFixed(2)}em` }}>
        {value > 0 ? '▲' : value < 0 ? '▼' : '·'}
      </span>
      <span>{format(value)}</span>
    </span>
  );
}

/** Short, so that six columns fit: '+0.074'. */
function formatThousandths(value: number): string {
  const digits = Math.abs(value).toFixed(3);
  const sign = Number(digits) === 0 ? '' : value < 0 ? '−' : '+';
  return `${sign}${digits}`;
}

/** Nudges as bars, upwards for more and downwards for less, with the average as a line. */
function Bars({ values, average }: { readonly values: Float64Array; readonly average: number }) {
  const largest = Math.max(...Array.from(values, finite), Math.abs(average), 1e-30);
  const y = (value: number) => (20 - (18 * value) / largest).toFixed(2);
  const bars = Array.from(values, (value, n) =>
    Number.isNaN(value) ? '' : `M${n + 0.5} 20V${y(value)}`,
  ).join('');
  const { length } = values;
  return (
    <svg
      class="average-bars"
      viewBox={`0 0 ${length} 40`}
      preserveAspectRatio="none"
      aria-hidden="true"
      style={{ maxWidth: `${length * 6}px` }}
    >
      <path class="axis" d={`M0 20H${length}`} />
      <path class="bar" d={bars} style={{ strokeWidth: length > 60 ? 1.4 : 2.5 }} />
      <path class="average-line" d={`M0 ${y(average)}H${length}`} />
    </svg>
  );
}

/** All nudges of one sign, of each example and of the average. */
function AllRow({
  shown,
  sign,
  own,
  others,
}: {
  readonly shown: AverageAnswer;
  readonly sign: 1 | -1;
  readonly own: number;
  readonly others: number;
}) {
  return (
    <tr class="all">
      <th scope="row">
        All 13,002 <span class="average-arrow">{sign > 0 ? '▲ more' : '▼ less'}</span>
      </th>
      {Array.from({ length: own }, (_, position) => (
        <td key={position} class="average-wish">
          {shown.shades[position]!.length > 0 ? (
            <Map values={shown.shades[position]!} sign={sign} />
          ) : (
            <span class="small">–</span>
          )}
        </td>
      ))}
      {others > 0 && <td class="others">…</td>}
      <td class="mean">
        <Map values={shown.averageShades} sign={sign} />
      </td>
      <td class="slope small">{formatNumber(sign > 0 ? shown.raised : shown.lowered)} of them</td>
    </tr>
  );
}

/** Side of the picture of 13,002 numbers: 4 × 4 images of 28 × 28, and the other 458 below. */
const mapWidth = 112;
const mapHeight = 117;

/** Where a parameter is in the picture. */
const mapPlaces = computed(() =>
  Uint16Array.from({ length: 13_002 }, (_, i) => {
    if (i >= 12_544) return 112 * mapWidth + (i - 12_544);
    const [neuron, pixel] = [Math.floor(i / 784), i % 784];
    const row = Math.floor(neuron / 4) * 28 + Math.floor(pixel / 28);
    return row * mapWidth + (neuron % 4) * 28 + (pixel % 28);
  }),
);

function Map({ values, sign }: { readonly values: Int8Array; readonly sign: 1 | -1 }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { nudge } = colours.value;
  useEffect(() => {
    const context = canvas.current!.getContext('2d')!;
    const image = new ImageData(mapWidth, mapHeight);
    const places = mapPlaces.value;
    for (let i = 0; i < places.length; i++) {
      const shade = sign * values[i]!;
      if (shade > 0) image.data[4 * places[i]! + 3] = 2 * shade;
    }
    context.globalCompositeOperation = 'source-over';
    context.putImageData(image, 0, 0);
    context.globalCompositeOperation = 'source-in';
    context.fillStyle = nudge;
    context.fillRect(0, 0, mapWidth, mapHeight);
  }, [values, sign, nudge]);
  return <canvas ref={canvas} class="map" width={mapWidth} height={mapHeight} aria-hidden="true" />;
}

function numbersOf(shown: AverageAnswer | undefined) {
  const examples = shown ? Array.from(shown.samples, (_, n) => n).filter(isUsed) : [];
  return {
    head: [
      'Weight',
      'Average',
      'Gradient by the engine',
      ...examples.map((n) => `Digit ${shown!.samples[n]}, a ${shown!.labels[n]}`),
    ],
    rows: (shown?.rows ?? []).map((row) => [
      weightLabel(row),
      formatSigned(row.average),
      formatSigned(row.gradient),
      ...examples.map((n) => formatSigned(row.nudges[n] ?? 0)),
    ]),
  };
}
