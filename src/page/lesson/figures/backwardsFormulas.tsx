/** The numbers of one neuron, each with the formula that gives it. */
import { useComputed, useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';

import type { Frame } from '../frame.ts';
import { Arrow, Dot, Nudge, WeightLine } from '../runtime/arrow.tsx';
import { arrowLength } from '../runtime/arrowPath.ts';
import { Canvas, drawDigit } from '../runtime/canvas.tsx';
import type { FigureBodyProps } from '../runtime/figure.tsx';
import { arrowChoice, pixelBeside } from '../runtime/keys.ts';
import { neuronKey, neuronName } from '../runtime/network.ts';
import { formatNumber, formatSigned } from '../runtime/numbers.tsx';
import { calmFrame, NeuronPicker, neuronIn, selectNeuron } from '../runtime/selected.tsx';
import {
  largestFirst,
  largestSize,
  linksInto,
  slopeOf,
  wishFor,
  type Link,
} from '../runtime/wishes.ts';
import { highlight, selection, type NeuronChoice } from '../session.ts';
import { wishSign } from './backwardsDrawing.tsx';

interface FormulasProps extends FigureBodyProps {
  readonly shown: Frame;
}

/** The numbers of the selected neuron and of one of its weights, each with the formula that gives it. */
export function Formulas({ shown, isShown }: FormulasProps) {
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
