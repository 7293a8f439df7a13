/** The sum of the wishes goes back, layer by layer, down to the first weights. Each number opens to its formula. */
import { useComputed, useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useMemo, useRef } from 'preact/hooks';

import './backwards.css';
import type { Frame } from '../frame.ts';
import { Arrow, Dot, Neuron, Nudge, WeightLine } from '../runtime/arrow.tsx';
import { arrowLength } from '../runtime/arrowPath.ts';
import { Canvas, drawDigit } from '../runtime/canvas.tsx';
import { Picture, type FigureBodyProps, type FigureModule } from '../runtime/figure.tsx';
import { arrowChoice, neuronBeside, pixelBeside } from '../runtime/keys.ts';
import { activationsOf, layerSizes, neuronKey, neuronName } from '../runtime/network.ts';
import { formatNumber, formatSigned, Linked } from '../runtime/numbers.tsx';
import {
  calmFrame,
  frameIn,
  isSame,
  NeuronPicker,
  neuronIn,
  selectNeuron,
} from '../runtime/selected.tsx';
import { useWidth } from '../runtime/size.ts';
import { useUnfolding } from '../runtime/unfolding.ts';
import {
  largestFirst,
  largestSize,
  linksInto,
  ranking,
  slopeOf,
  wishesFor,
  wishFor,
  type Link,
} from '../runtime/wishes.ts';
import { highlight, selection, type NeuronChoice } from '../session.ts';
import { backwardsStage, lastStage } from '../switches.ts';

export const backwards: FigureModule = {
  id: 'backwards',
  title: 'Backwards, layer by layer',
  Body,
};

const stageMs = 2200;

function Body({ isShown }: FigureBodyProps) {
  const drawing = useRef<HTMLDivElement>(null);
  const { stage, take, replay } = useUnfolding(drawing, {
    ...{ last: lastStage, ms: stageMs, taken: backwardsStage },
  });
  const shown = frameIn(isShown);
  const isDone = stage.value === lastStage;
  return (
    <>
      <div class="prose">
        <p>
          The sums say how the neurons of the second hidden layer should change. That is the same
          kind of list as at the outputs. So do the same again: turn each wish into nudges of that
          neuron’s bias and weights, and into wishes for the layer before. Then once more. This is
          backpropagation.
        </p>
      </div>
      <Picture
        label="The network with its wishes, going back from the outputs to the first weights"
        point={shown ? <Point shown={shown} stage={stage.value} /> : ''}
        table={() => stageTable(calmFrame.peek())}
      >
        <div class="buttons backwards-steps">
          <button
            type="button"
            class="small-button backwards-step"
            onClick={() => (isDone ? replay() : take(stage.value + 1))}
          >
            {isDone ? 'Again from the outputs' : `Step back: ${stepNames[stage.value]!}`}
          </button>
          <button
            type="button"
            class="small-button"
            disabled={stage.value === 0}
            onClick={() => take(0)}
          >
            To the outputs
          </button>
        </div>
        <div ref={drawing} class="backwards-drawing">
          {shown && <Drawing {...{ shown, isShown, stage: stage.value }} />}
        </div>
        {shown && <Formulas shown={shown} isShown={isShown} />}
      </Picture>
      <div class="prose">
        <p>
          Each step back multiplies by a slope and by weights.{' '}
          {shown?.script.activation === 'relu'
            ? 'The slope of ReLU is 1 for an active neuron and 0 for a silent one, so a silent neuron passes no wish on.'
            : 'The slope of σ is at most 0.25, and close to 0 for a neuron that is fully on or off. That is why the wishes often become smaller on their way.'}{' '}
          Select any neuron to open its numbers.
        </p>
      </div>
    </>
  );
}

const stepNames = [
  'sum up for the second hidden layer',
  'sum up for the first hidden layer',
  'nudge the first weights',
];

function Point({ shown, stage }: { readonly shown: Frame; readonly stage: number }) {
  const largest = (layer: number): NeuronChoice => ({
    layer,
    index: ranking(wishesFor(shown.nudges, layer))[0]!,
  });
  const wish = (layer: number) => {
    const neuron = largest(layer);
    return (
      <Linked to={neuronKey(neuron)}>
        <Nudge value={wishFor(shown.nudges, neuron)} of={`largest ${layer}`} /> for{' '}
        {neuronName(neuron)}
      </Linked>
    );
  };
  switch (stage) {
    case 0:
      return <>At the outputs, the largest wish is {wish(3)}.</>;
    case 1:
      return <>The outputs’ wishes add up for the second hidden layer: the largest is {wish(2)}.</>;
    case 2:
      return <>The same step again, for the first hidden layer: the largest wish is {wish(1)}.</>;
    default:
      return (
        <>
          The largest wish is {wish(3)}, then {wish(2)}, then {wish(1)}. The largest nudge of all
          12,544 first weights is{' '}
          <Nudge value={signedLargest(shown.nudges.layers[0]!.weights)} of="largest weight" />.
        </>
      );
  }
}

const signedLargest = (values: Float64Array): number =>
  values.reduce((largest, value) => (Math.abs(value) > Math.abs(largest) ? value : largest), 0);

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

function Drawing({ shown, stage, isShown }: DrawingProps) {
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

const wishSign = (value: number): string =>
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

interface FormulasProps extends FigureBodyProps {
  readonly shown: Frame;
}

/** The numbers of the selected neuron and of one of its weights, each with the formula that gives it. */
function Formulas({ shown, isShown }: FormulasProps) {
  const neuron = neuronIn(shown);
  const links = linksInto(shown.nudges, neuron);
  const { layer, index } = neuron;
  const nudge = shown.nudges.layers[layer - 1]!.biases[index]!;
  const wish = wishFor(shown.nudges, neuron);
  const a = shown.nudges.layers[layer - 1]!.a[index]!;
  const { name, slope } = slopeOf(shown.nudges, neuron, shown.script.activation);
  const link = links[chosenInput(neuron, links)]!;
  return (
    <div class="formulas" role="group" aria-label="Formulas with their values">
      <div class="formulas-head">
        <NeuronPicker neuron={neuron} />
        <span>
          <Dot value={a} /> a = {formatNumber(a)}
        </span>
      </div>
      <dl>
        <Formula name="Its wish" value={wish} of={`wish ${layer}.${index}`}>
          {layer === 3 ? (
            <>
              2 · (should have − has) = 2 · ({shown.nudges.outputs[index]!.wanted} −{' '}
              {formatNumber(a)})
            </>
          ) : (
            <WishTerms shown={shown} neuron={neuron} />
          )}
        </Formula>
        <Formula name="Nudge of its bias, −δ" value={nudge} of={`bias ${layer}.${index}`}>
          wish · {name === 'sigmoid' ? 'σ′(z)' : 'ReLU′(z)'} = {formatSigned(wish)} ·{' '}
          {name === 'sigmoid' ? (
            <>
              a(1 − a) = {formatSigned(wish)} ·{' '}
              <span data-value={slope} data-slope={neuronKey(neuron)}>
                {formatNumber(slope)}
              </span>
            </>
          ) : (
            <span data-value={slope} data-slope={neuronKey(neuron)}>
              {slope}
            </span>
          )}
        </Formula>
        <div class="formula formula-pick">
          <dt>One of its weights</dt>
          <dd>
            {layer === 1 ? (
              <PixelPicker {...{ shown, isShown, neuron, links }} />
            ) : (
              <InputPicker {...{ neuron, links }} />
            )}
          </dd>
        </div>
        <Formula
          name={`Nudge of the weight from ${behindName(neuron, link.input)}`}
          value={link.nudge}
          of={`weight ${layer - 1}.${index}.${link.input}`}
        >
          −δ · a = {formatSigned(nudge)} · {formatNumber(link.activation)}{' '}
          <Dot value={link.activation} size={13} />
        </Formula>
        <Formula
          name={
            layer === 1
              ? 'Wish for that pixel, which cannot change'
              : `Its wish for ${behindName(neuron, link.input)}`
          }
          value={link.wish}
          of={`back ${layer}.${index}.${link.input}`}
        >
          −δ · w = {formatSigned(nudge)} ·{' '}
          <span class="formula-weight">
            {formatSigned(link.weight)}
            <WeightLine value={link.weight} largest={largestSize(links.map((one) => one.weight))} />
          </span>
          {layer > 1 && (
            <>
              {' '}
              <OpenButton neuron={{ layer: layer - 1, index: link.input }}>
                open {behindName(neuron, link.input)}
              </OpenButton>
            </>
          )}
        </Formula>
      </dl>
    </div>
  );
}

interface FormulaProps {
  readonly name: string;
  readonly value: number;
  readonly of: string;
  readonly children: ComponentChildren;
}

function Formula({ name, value, of, children }: FormulaProps) {
  return (
    <div class="formula">
      <dt>{name}</dt>
      <dd>
        <span class="formula-factors">{children}</span>
        <span class="formula-value">
          = <Nudge value={value} of={of} />
        </span>
      </dd>
    </div>
  );
}

/** Opens another neuron: the one that a number comes from or goes to. */
function OpenButton({
  neuron,
  children,
}: {
  readonly neuron: NeuronChoice;
  readonly children: ComponentChildren;
}) {
  const key = neuronKey(neuron);
  return (
    <button
      type="button"
      class="formula-open"
      onClick={() => selectNeuron(neuron)}
      onPointerEnter={() => (highlight.value = key)}
      onPointerLeave={() => (highlight.value = undefined)}
      onFocus={() => (highlight.value = key)}
      onBlur={() => (highlight.value = undefined)}
    >
      {children}
    </button>
  );
}

const firstTerms = 4;

/** Σ of the wishes that the layer after has for a neuron. */
function WishTerms({ shown, neuron }: { readonly shown: Frame; readonly neuron: NeuronChoice }) {
  const isOpen = useSignal(false);
  const { layer, index } = neuron;
  const { wishes, inputs, outputs } = shown.nudges.layers[layer]!;
  const all = Array.from({ length: outputs }, (_, output) => ({
    output,
    wish: wishes[output * inputs + index]!,
  }));
  const terms = largestFirst(all, ({ wish }) => wish, isOpen.value ? outputs : firstTerms);
  const total = (some: typeof all) => some.reduce((sum, { wish }) => sum + wish, 0);
  return (
    <>
      Σ:{' '}
      {terms.map(({ output, wish }) => (
        <OpenButton key={output} neuron={{ layer: layer + 1, index: output }}>
          <Nudge value={wish} /> <span class="small">from {output}</span>
        </OpenButton>
      ))}{' '}
      <button
        type="button"
        class="small-button"
        aria-expanded={isOpen.value}
        onClick={() => (isOpen.value = !isOpen.value)}
      >
        {isOpen.value
          ? 'Show fewer'
          : `+ ${outputs - terms.length} more: ${formatSigned(total(all) - total(terms))}`}
      </button>
    </>
  );
}

/** The input of the weight that the reader has selected; for another neuron's, that of the largest nudge. */
function chosenInput({ layer, index }: NeuronChoice, links: readonly Link[]): number {
  const [chosen] = selection.value.weights;
  return chosen.layer === layer - 1 && chosen.output === index
    ? chosen.input
    : largestFirst(links, ({ nudge }) => nudge, 1)[0]!.input;
}

function selectWeight({ layer, index }: NeuronChoice, input: number): void {
  const { weights } = selection.peek();
  const chosen = { layer: layer - 1, output: index, input };
  selection.value = { ...selection.peek(), weights: [chosen, weights[1]] };
}

interface PickerProps {
  readonly neuron: NeuronChoice;
  readonly links: readonly Link[];
}

/** The weights from a hidden layer, each with its nudge. */
function InputPicker({ neuron, links }: PickerProps) {
  const chosen = chosenInput(neuron, links);
  const largest = largestSize(links.map(({ nudge }) => nudge));
  return (
    <div
      class="weight-row"
      role="radiogroup"
      aria-label="Weight from neuron"
      onKeyDown={(event) => {
        const next = arrowChoice(event, chosen, links.length);
        if (next !== undefined) selectWeight(neuron, next);
      }}
    >
      {links.map(({ input, nudge }) => {
        const length = arrowLength(nudge, largest, 24);
        return (
          <button
            key={input}
            type="button"
            role="radio"
            aria-checked={input === chosen}
            aria-label={`From neuron ${input}`}
            tabIndex={input === chosen ? 0 : -1}
            onClick={() => selectWeight(neuron, input)}
          >
            <svg width={12} height={28} aria-hidden="true">
              <Arrow x={6} y={14 + length / 2} length={length} />
            </svg>
            <span aria-hidden="true">{input}</span>
          </button>
        );
      })}
    </div>
  );
}

/** The 784 weights from the image, as an image of their nudges. */
function PixelPicker({ shown, isShown, neuron, links }: PickerProps & FormulasProps) {
  const box = useRef<HTMLDivElement>(null);
  const chosen = chosenInput(neuron, links);
  const mark = useComputed(() => {
    const current = calmFrame.value && neuronIn(calmFrame.value);
    return current?.layer === 1
      ? chosenInput(current, linksInto(calmFrame.value!.nudges, current))
      : undefined;
  });
  const pick = (event: PointerEvent) => {
    const area = box.current!.getBoundingClientRect();
    const part = (at: number, from: number, size: number) =>
      Math.min(27, Math.max(0, Math.floor((28 * (at - from)) / size)));
    const row = part(event.clientY, area.top, area.height);
    selectWeight(neuron, row * 28 + part(event.clientX, area.left, area.width));
  };
  return (
    <div
      ref={box}
      class="pixel-picker"
      role="slider"
      tabIndex={0}
      aria-label="Weight from pixel; arrow keys choose another"
      aria-valuemin={0}
      aria-valuemax={783}
      aria-valuenow={chosen}
      aria-valuetext={neuronName({ layer: 0, index: chosen })}
      onPointerDown={pick}
      onKeyDown={(event) => {
        const next = pixelBeside(event, chosen);
        if (next !== undefined) selectWeight(neuron, next);
      }}
    >
      <Canvas
        isShown={isShown}
        height={(width) => width}
        draw={(area) => {
          const { context, width, colours } = area;
          const at = mark.value;
          const now = calmFrame.value;
          if (!now || at === undefined) return;
          const { index } = neuronIn(now);
          const nudges = now.nudges.layers[0]!.weights.subarray(index * 784, (index + 1) * 784);
          const largest = largestSize(nudges);
          const gold = { ...area, colours: { ...colours, ink: colours.nudge } };
          drawDigit(gold, (i) => arrowLength(Math.abs(nudges[i]!), largest, 1), [1, 1, width - 2]);
          const pixel = (width - 2) / 28;
          context.strokeStyle = colours.ink;
          context.lineWidth = 2;
          context.strokeRect(
            1 + (at % 28) * pixel - 1,
            1 + Math.floor(at / 28) * pixel - 1,
            pixel + 2,
            pixel + 2,
          );
        }}
      />
      <span class="small">
        {wishSign(shown.nudges.layers[0]!.biases[neuron.index]!)}, where the digit has ink
      </span>
    </div>
  );
}

const behindName = ({ layer }: NeuronChoice, input: number): string =>
  layer === 1 ? neuronName({ layer: 0, index: input }) : `neuron ${input}`;

function stageTable(shown: Frame | undefined) {
  const rows = [3, 2, 1].flatMap((layer) =>
    Array.from(shown ? wishesFor(shown.nudges, layer) : [], (wish, index) => [
      neuronName({ layer, index }),
      formatNumber(shown!.nudges.layers[layer - 1]!.a[index]!),
      formatSigned(wish),
      formatSigned(shown!.nudges.layers[layer - 1]!.biases[index]!),
    ]),
  );
  return { head: ['Neuron', 'Activation', 'Wish', 'Nudge of the bias'], rows };
}
