/** A deck of digits, shuffled and cut into hundreds, and how far each hundred points from the direction of all. */
import { effect, signal, type ReadonlySignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';

import './miniBatches.css';
import { Picture, type FigureBodyProps, type FigureModule } from '../runtime/figure.tsx';
import { formatNumber } from '../runtime/numbers.tsx';
import { paced } from '../runtime/paced.ts';
import { ask, frame, highlight, liveAnswer } from '../session.ts';
import { deckOrder as order } from '../switches.ts';
import type { BatchSizeDirections, DealtBatch, Directions } from '../worker/miniBatches.ts';

export const miniBatches: FigureModule = {
  id: 'miniBatches',
  title: 'Shuffled mini-batches',
  origin: 'The directions are gradients of a copy of the network, by the CPU engine.',
  Body,
};

/** The directions take thousands of digits, so they are asked for so often while the run plays. */
const everyMs = 2500;
const dealtCount = 4;

function Body({ isShown }: FigureBodyProps) {
  const { answer, dealt } = useMemo(
    () => ({
      answer: liveAnswer(
        'directions',
        isShown,
        paced(everyMs, () => order.value),
      ),
      dealt: dealtBatches(isShown),
    }),
    [],
  );
  const shown = answer.value;
  return (
    <>
      <div class="prose">
        <p>
          Averaging the wishes of all digits before each step would be right, and slow. So shuffle
          the deck, cut it into mini-batches of a hundred, and make a step after each. A hundred
          digits do not wish for quite the same as all of them, but they cost a hundredth of the
          time or less.
        </p>
      </div>
      <Picture
        label="How far the directions of mini-batches are from the direction of the whole deck"
        point={shown ? <Point shown={shown} /> : 'The deck is being drawn.'}
        table={() => numbersOf(answer.peek())}
      >
        <Controls />
        <div class="deck">
          {dealt.value.map((batch) => (
            <Cards key={batch.batch} {...{ batch, shown }} />
          ))}
        </div>
        <div class="dials">
          {shown?.sizes.map((one) => (
            <Dial key={one.size} {...one} />
          ))}
        </div>
      </Picture>
      <div class="prose">
        <p>
          In each dial the wide arrow is the step that the whole deck wants, and each gold needle is
          the step that one mini-batch wants. Only the angle between them means something: there are
          13,002 directions to differ in, not just left and right. At 90° a step does nothing for
          the whole deck; beyond that it makes it worse.
        </p>
        <p>
          Ten times as many digits bring the needles closer, but each step takes ten times as long.
          Sort the deck instead of shuffling it, and each hundred has one or two kinds of digits:
          their needles point far away. That is what the shuffle is for.
        </p>
      </div>
    </>
  );
}

function Point({ shown }: { readonly shown: Directions }) {
  const { step, sizes, deckSize } = shown;
  const angle = (size: number) => {
    const { medianAngle } = sizes.find((one) => one.size === size)!;
    return (
      <strong data-value={medianAngle} data-size={size}>
        {degrees(medianAngle)}
      </strong>
    );
  };
  const single = sizes[0]!;
  const uphill = single.needles.filter((needle) => needle.angle > 90).length;
  return (
    <>
      At step {formatNumber(step)} half of the mini-batches of 100 point within {angle(100)} of the
      direction of all {formatNumber(deckSize)} digits. Single digits: {angle(1)}
      {uphill > 0 && `, and ${uphill} of ${single.needles.length} point uphill`}. Mini-batches of
      1,000: {angle(1000)}.
    </>
  );
}

const degrees = (angle: number): string => `${angle.toFixed(angle < 10 ? 1 : 0)}°`;

function Controls() {
  const { order: shown, shuffle } = order.value;
  return (
    <div class="buttons mini-batch-controls" role="group" aria-label="Order of the deck">
      <button
        type="button"
        class="small-button"
        aria-pressed={shown === 'shuffled'}
        onClick={() => (order.value = { order: 'shuffled', shuffle })}
      >
        Shuffled
      </button>
      <button
        type="button"
        class="small-button"
        aria-pressed={shown === 'sorted'}
        onClick={() => (order.value = { order: 'sorted', shuffle })}
      >
        Sorted by digit
      </button>
      <button
        type="button"
        class="small-button"
        onClick={() => (order.value = { order: 'shuffled', shuffle: shuffle + 1 })}
      >
        Shuffle again
      </button>
    </div>
  );
}

const batchKey = (batch: number): string => `mini-batch ${batch}`;

/** A mini-batch as ten rows of ten digits, with its direction. */
function Cards({
  batch: { batch, pixels },
  shown,
}: {
  readonly batch: DealtBatch;
  readonly shown: Directions | undefined;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const image = new ImageData(280, 280);
    pixels.forEach((byte, i) => {
      const [card, pixel] = [Math.floor(i / 784), i % 784];
      const y = Math.floor(card / 10) * 28 + Math.floor(pixel / 28);
      const x = (card % 10) * 28 + (pixel % 28);
      image.data[4 * (y * 280 + x) + 3] = byte;
    });
    canvas.current!.getContext('2d')!.putImageData(image, 0, 0);
  }, [pixels]);
  const key = batchKey(batch);
  const needle = shown?.sizes
    .find(({ size }) => size === 100)
    ?.needles.find((one) => one.batch === batch);
  return (
    <div
      class={highlight.value === key ? 'cards is-marked' : 'cards'}
      onPointerEnter={() => (highlight.value = key)}
      onPointerLeave={() => (highlight.value = undefined)}
    >
      <canvas ref={canvas} class="digit" width={280} height={280} aria-hidden="true" />
      <p class="small">
        Mini-batch {formatNumber(batch + 1)} of 100
        {needle && (
          <>
            : <span class="angle">{degrees(needle.angle)}</span>
          </>
        )}
      </p>
    </div>
  );
}

const radius = 88;
/** Where a needle of this angle ends. Angles count from straight up; even needles lie right, odd ones left. */
function tip(angle: number, side: number, length = radius): readonly [number, number] {
  const radians = (angle * Math.PI) / 180;
  return [side * length * Math.sin(radians), -length * Math.cos(radians)];
}

/** Directions of mini-batches of one size around the direction of all. */
function Dial({ size, needles, medianAngle, medianCosine }: BatchSizeDirections) {
  const at = ([x, y]: readonly [number, number]) => `${x.toFixed(2)} ${y.toFixed(2)}`;
  const [left, right] = [tip(medianAngle, -1), tip(medianAngle, 1)];
  const lowest = Math.max(...needles.map(({ angle }) => angle));
  const depth = Math.max(14, -radius * Math.cos((Math.min(lowest, 180) * Math.PI) / 180) + 10);
  return (
    <div class={size === 100 ? 'dial is-main' : 'dial'} data-size={size}>
      <svg viewBox={`-100 -104 200 ${104 + Math.max(depth, 50)}`} aria-hidden="true">
        <path
          class="within"
          d={`M0 0L${at(left)}A${radius} ${radius} 0 ${medianAngle > 90 ? 1 : 0} 1 ${at(right)}Z`}
        />
        <path class="level" d={`M-${radius + 8} 0H${radius + 8}`} />
        <path class="rim" d={`M-${radius} 0A${radius} ${radius} 0 0 1 ${radius} 0`} />
        {needles.map(({ batch, angle }, n) => {
          const end = tip(angle, n % 2 === 0 ? 1 : -1);
          const isMarked = size === 100 && highlight.value === batchKey(batch);
          return (
            <g key={batch} class={isMarked ? 'needle is-marked' : 'needle'}>
              <path d={`M0 0L${at(end)}`} />
              <circle cx={end[0]} cy={end[1]} r={isMarked ? 4 : 2} />
            </g>
          );
        })}
        <path class="full" d={`M0 0V-${radius + 6}`} />
        <path class="full-head" d={`M-5 -${radius + 2}L0 -${radius + 14}L5 -${radius + 2}Z`} />
        <circle class="hub" r="3" />
      </svg>
      <p>
        <strong>
          {formatNumber(size)} {size === 1 ? 'digit' : 'digits'}
        </strong>
        <br />
        <span data-value={medianAngle}>{degrees(medianAngle)}</span>{' '}
        <span class="small">
          median,{' '}
          <span class="cosine">
            cosine <span data-cosine={medianCosine}>{medianCosine.toFixed(2)}</span>
          </span>
        </span>
      </p>
    </div>
  );
}

function dealtBatches(isShown: ReadonlySignal<boolean>): ReadonlySignal<readonly DealtBatch[]> {
  const dealt = signal<readonly DealtBatch[]>([]);
  let asked = '';
  effect(() => {
    const seed = frame.value?.script.seed;
    if (!isShown.value || seed === undefined) return;
    const wanted = `${seed} ${JSON.stringify(order.value)}`;
    if (wanted === asked) return;
    asked = wanted;
    void ask('deal', { ...order.value, count: dealtCount }).then((found) => {
      if (wanted === asked) dealt.value = found;
    });
  });
  return dealt;
}

function numbersOf(shown: Directions | undefined) {
  return {
    head: [
      'Digits in a mini-batch',
      'Mini-batches',
      'Median angle',
      'Smallest',
      'Largest',
      'Median cosine',
    ],
    rows: (shown?.sizes ?? []).map(({ size, needles, medianAngle, medianCosine }) => {
      const angles = needles.map(({ angle }) => angle);
      return [
        size,
        needles.length,
        degrees(medianAngle),
        degrees(Math.min(...angles)),
        degrees(Math.max(...angles)),
        medianCosine,
      ];
    }),
  };
}
