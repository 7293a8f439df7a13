/** The network with its wishes, which go back layer by layer. */
import { useSignal } from '@preact/signals';
import { useMemo, useRef } from 'preact/hooks';

import type { Frame } from '../frame.ts';
import { Arrow, Neuron } from '../runtime/arrow.tsx';
import { arrowLength } from '../runtime/arrowPath.ts';
import { Canvas, drawDigit } from '../runtime/canvas.tsx';
import type { FigureBodyProps } from '../runtime/figure.tsx';
import { neuronBeside } from '../runtime/keys.ts';
import { activationsOf, layerSizes, neuronKey, neuronName } from '../runtime/network.ts';
import { formatNumber, formatSigned } from '../runtime/numbers.tsx';
import { calmFrame, isSame, neuronIn, selectNeuron } from '../runtime/selected.tsx';
import { useWidth } from '../runtime/size.ts';
import { largestSize, ranking, wishesFor, wishFor } from '../runtime/wishes.ts';
import { highlight, type NeuronChoice } from '../session.ts';
import { lastStage } from '../switches.ts';

/** The neuron of the first hidden layer whose weights the image shows. */
function imageNeuron(shown: Frame): number {
  const { layer, index } = neuronIn(shown);
  return layer === 1 ? index : ranking(wishesFor(shown.nudges, 1))[0]!;
}

interface Places {
  readonly height: number;
  /** Whether there is room for the hidden neurons' indices. */
  readonly hasNames: boolean;
  /** Left, top and width of the image. */
  readonly image: readonly [number, number, number];
  readonly at: (neuron: NeuronChoice) => { x: number; y: number; radius: number };
}

/** Where everything is, in a drawing of this width. */
function placesIn(width: number): Places {
  const top = 44;
  const space = 27;
  const height = top + 16 * space;
  const size = Math.min(width * 0.25, 230);
  const middle = top + 8 * space;
  return {
    height,
    hasNames: width > 560,
    image: [1, middle - size / 2, size],
    at: ({ layer, index }) => {
      const count = layerSizes[layer]!;
      const y = middle + (index - (count - 1) / 2) * (layer === 3 ? space * 1.4 : space);
      const [from, to] = [size + width * 0.13, width - 48];
      return { x: from + ((layer - 1) * (to - from)) / 2, y, radius: 9 };
    },
  };
}

interface DrawingProps extends FigureBodyProps {
  readonly shown: Frame;
  readonly stage: number;
}

export function Drawing({ shown, stage, isShown }: DrawingProps) {
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box, 960);
  const places = placesIn(width.value);
  const chosen = neuronIn(shown);
  const [left, top, size] = places.image;
  return (
    <div
      ref={box}
      class="backwards-network"
      role="slider"
      tabIndex={0}
      aria-label="Opened neuron; arrow keys open another"
      aria-valuemin={1}
      aria-valuemax={3}
      aria-valuenow={chosen.layer}
      aria-valuetext={`${neuronName(chosen)}, wish ${formatSigned(wishFor(shown.nudges, chosen))}`}
      onKeyDown={(event) => {
        const next = neuronBeside(event, chosen);
        if (next) selectNeuron(next);
      }}
    >
      <svg width={width.value} height={places.height} aria-hidden="true">
        {stage >= 1 && <WishLines {...{ shown, places, layer: 3 }} />}
        {stage >= 2 && <WishLines {...{ shown, places, layer: 2 }} />}
        {stage >= 3 && <PixelLines {...{ shown, places }} />}
        {[1, 2, 3].map((layer) => (
          <Layer
            key={layer}
            {...{ shown, places, layer, chosen }}
            isReached={stage >= lastStage - layer}
          />
        ))}
        <Flight key={stage} {...{ shown, places, layer: lastStage + 1 - stage }} />
      </svg>
      <div
        class="backwards-image"
        style={{ left: `${left}px`, top: `${top}px`, width: `${size}px` }}
      >
        <NudgeImage isShown={isShown} isReached={stage >= lastStage} />
        <p class="small">
          {stage >= lastStage ? (
            <>
              784 weights of neuron {imageNeuron(shown)}:{' '}
              {wishSign(shown.nudges.layers[0]!.biases[imageNeuron(shown)]!)}
            </>
          ) : (
            'the image'
          )}
        </p>
      </div>
    </div>
  );
}

export const wishSign = (value: number): string =>
  value > 0 ? '▲ more' : value < 0 ? '▼ less' : 'no nudges';

interface LayerProps {
  readonly shown: Frame;
  readonly places: Places;
  readonly layer: number;
}

/** Lines drawn between two layers: more would hide each other. */
const lineCount = 64;

interface Wish {
  readonly from: NeuronChoice;
  readonly to: NeuronChoice;
  readonly value: number;
}

/** The largest wishes of a layer for the one before, in the order of the weights: elements keep their places. */
function largestWishes({ nudges }: Frame, layer: number, count: number): Wish[] {
  const { wishes, inputs } = nudges.layers[layer - 1]!;
  return ranking(wishes)
    .slice(0, count)
    .sort((a, b) => a - b)
    .map((k) => ({
      from: { layer, index: Math.floor(k / inputs) },
      to: { layer: layer - 1, index: k % inputs },
      value: wishes[k]!,
    }));
}

/** The wishes as lines, as wide as they are large; those for less are dashed. */
function WishLines({ shown, places, layer }: LayerProps) {
  const wishes = largestWishes(shown, layer, lineCount);
  const largest = largestSize(wishes.map(({ value }) => value));
  return (
    <g class="backwards-lines">
      {wishes.map(({ from, to, value }) => {
        const [start, end] = [places.at(from), places.at(to)];
        const share = largest > 0 ? Math.abs(value) / largest : 0;
        return (
          <line
            key={`${from.index} ${to.index}`}
            class={value < 0 ? 'wish-line is-less' : 'wish-line'}
            x1={start.x - start.radius}
            y1={start.y}
            x2={end.x + end.radius}
            y2={end.y}
            stroke-width={0.4 + 3 * share}
            opacity={0.12 + 0.6 * share}
          />
        );
      })}
    </g>
  );
}

/** Lines from a neuron of the first hidden layer to the pixels whose weights get the largest nudges. */
function PixelLines({ shown, places }: Omit<LayerProps, 'layer'>) {
  const index = imageNeuron(shown);
  const weights = shown.nudges.layers[0]!.weights.subarray(index * 784, (index + 1) * 784);
  const start = places.at({ layer: 1, index });
  const [left, top, size] = places.image;
  return (
    <g class="backwards-lines">
      {ranking(weights)
        .slice(0, 24)
        .sort((a, b) => a - b)
        .map((pixel) => (
          <line
            key={pixel}
            class={weights[pixel]! < 0 ? 'wish-line is-less' : 'wish-line'}
            x1={start.x - start.radius}
            y1={start.y}
            x2={left + (((pixel % 28) + 0.5) * size) / 28}
            y2={top + ((Math.floor(pixel / 28) + 0.5) * size) / 28}
            stroke-width={1}
            opacity={0.45}
          />
        ))}
    </g>
  );
}

const layerNames = ['', 'first hidden', 'second hidden', 'outputs'];
const shortNames = ['', 'first', 'second', 'outputs'];
const longestArrow = 23;

/** The neurons of a layer, each with an arrow of its wish once the wishes have come so far. */
function Layer({
  shown,
  places,
  layer,
  chosen,
  isReached,
}: LayerProps & { readonly chosen: NeuronChoice; readonly isReached: boolean }) {
  const wishes = wishesFor(shown.nudges, layer);
  const largest = largestSize(wishes);
  const { x } = places.at({ layer, index: 0 });
  const { hasNames } = places;
  return (
    <g>
      <text class="backwards-name" x={x} y={14}>
        {(hasNames ? layerNames : shortNames)[layer]}
      </text>
      {isReached && (
        <text class="backwards-largest" x={x} y={31}>
          {hasNames ? 'up to' : '≤'} {formatNumber(largest)}
        </text>
      )}
      {Array.from(activationsOf(shown, layer), (value, index) => {
        const neuron = { layer, index };
        const { y, radius } = places.at(neuron);
        const key = neuronKey(neuron);
        const length = arrowLength(wishes[index]!, largest, longestArrow);
        const isMarked = isSame(chosen, neuron) || highlight.value === key;
        return (
          <g
            key={index}
            class={isMarked ? 'backwards-neuron is-marked' : 'backwards-neuron'}
            data-neuron={`${layer}.${index}`}
            onClick={() => selectNeuron(neuron)}
            onPointerEnter={() => (highlight.value = key)}
            onPointerLeave={() => (highlight.value = undefined)}
          >
            {/* Large enough for a finger. */}
            <rect class="backwards-touch" x={x - 24} y={y - 13.5} width={62} height={27} />
            <Neuron x={x} y={y} radius={radius} value={value} />
            {isReached && (
              <g class="backwards-arrow">
                <Arrow x={x + radius + 9} y={y + length / 2} length={length} thickness={3.5} />
              </g>
            )}
            {(layer === 3 || hasNames) && (
              <text
                class={layer === 3 ? 'backwards-digit' : 'backwards-digit is-hidden'}
                x={x + radius + 18}
                y={y}
              >
                {index}
              </text>
            )}
          </g>
        );
      })}
    </g>
  );
}

/** The wishes of a layer on their way to the one before: seen once, when a step is made. */
function Flight({ shown, places, layer }: LayerProps) {
  // The wishes of the moment of the step: they do not start again while the network learns.
  const wishes = useMemo(
    () => (layer > lastStage || layer < 2 ? [] : largestWishes(shown, layer, lineCount)),
    [],
  );
  const largest = largestSize(wishes.map(({ value }) => value));
  return (
    <g class="flight">
      {wishes.map(({ from, to, value }, n) => {
        const [start, end] = [places.at(from), places.at(to)];
        const length = arrowLength(value, largest, 22);
        const style = {
          '--from': `${start.x}px, ${start.y}px`,
          '--to': `${end.x + end.radius + 9}px, ${end.y}px`,
          animationDelay: `${(n % 8) * 30}ms`,
        };
        return (
          <g key={n} class="flying" style={style}>
            <Arrow x={0} y={length / 2} length={length} />
          </g>
        );
      })}
    </g>
  );
}

/** The image, or the nudges of the 784 weights of a neuron in its place. */
function NudgeImage({ isShown, isReached }: FigureBodyProps & { readonly isReached: boolean }) {
  const reached = useSignal(isReached);
  reached.value = isReached;
  return (
    <Canvas
      isShown={isShown}
      height={(width) => width}
      draw={(area) => {
        const shown = calmFrame.value;
        if (!shown) return;
        const { context, width, colours } = area;
        context.fillStyle = colours.card;
        context.fillRect(0, 0, width, width);
        const square = [1, 1, width - 2] as const;
        if (!reached.value) {
          drawDigit(area, (i) => shown.example.pixels[i]! / 255, square);
          return;
        }
        const index = imageNeuron(shown);
        const nudges = shown.nudges.layers[0]!.weights.subarray(index * 784, (index + 1) * 784);
        const largest = largestSize(nudges);
        const gold = { ...area, colours: { ...colours, ink: colours.nudge } };
        drawDigit(gold, (i) => arrowLength(Math.abs(nudges[i]!), largest, 1), square);
      }}
    />
  );
}
