/** The three avenues by which one neuron's activation can change: its bias, its weights, the activations behind it. */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';

import './avenues.css';
import type { Frame } from '../frame.ts';
import { Arrow, Dot, inkOf, Neuron, Nudge, WeightLine } from '../runtime/arrow.tsx';
import { arrowLength } from '../runtime/arrowPath.ts';
import { Picture, type FigureBodyProps, type FigureModule } from '../runtime/figure.tsx';
import { neuronKey, neuronName } from '../runtime/network.ts';
import { formatNumber, formatSigned, Linked } from '../runtime/numbers.tsx';
import { frameIn, NeuronPicker, neuronIn } from '../runtime/selected.tsx';
import { largestFirst, largestSize, linksInto, wishFor, type Link } from '../runtime/wishes.ts';
import { highlight, type NeuronChoice } from '../session.ts';

export const avenues: FigureModule = { id: 'avenues', title: 'Three avenues', Body };

/** Terms of the equation that are always shown, and those that it folds open to. */
const firstTerms = 3;
const mostTerms = 32;
/** Rows of a list: all of a hidden layer, the largest of the image. */
const rowCount = 16;

function Body({ isShown }: FigureBodyProps) {
  const shown = frameIn(isShown);
  if (!shown) return <p>The first numbers are being computed.</p>;
  const neuron = neuronIn(shown);
  const links = linksInto(shown.nudges, neuron);
  const bias = shown.nudges.layers[neuron.layer - 1]!.biases[neuron.index]!;
  return (
    <>
      <div class="prose">
        <p>
          Take one wish: {neuronName(neuron)} should be{' '}
          {wishFor(shown.nudges, neuron) >= 0 ? 'more' : 'less'} active. Its activation is a
          weighted sum of the activations behind it, plus a bias,{' '}
          {isRelu(shown, neuron)
            ? 'with ReLU making it 0 if it is less'
            : 'squeezed between 0 and 1 by σ'}
          . So there are three things to change: the bias, the weights, and the activations behind.
        </p>
      </div>
      <Picture
        label={`The equation of ${neuronName(neuron)}, and three ways to change its activation`}
        point={<Point {...{ shown, neuron, links, bias }} />}
        table={() => linkTable(links)}
      >
        <NeuronPicker neuron={neuron} />
        <Equation {...{ shown, neuron, links }} />
        <div class="avenues">
          <div class="avenue-column">
            <BiasAvenue {...{ shown, neuron, bias }} />
            <TogetherAvenue {...{ shown, neuron, links, bias }} />
          </div>
          <WeightAvenue {...{ neuron, links }} />
          <BehindAvenue {...{ neuron, links }} />
        </div>
      </Picture>
      <div class="prose">
        <p>
          A weight matters as much as the activation behind it. The weights from the brightest
          neurons get the largest nudges; a weight from a dark neuron changes nothing for this
          example. When a neuron should become more active, the largest increases are those between
          it and the most active neurons. Biologists say of brains: neurons that fire together wire
          together.
        </p>
        <p>
          The activations behind it cannot be set, as little as this one. These arrows are wishes
          again, in proportion to the weights. Keep them: the layer before must deal with them.
        </p>
      </div>
    </>
  );
}

interface NeuronProps {
  readonly shown: Frame;
  readonly neuron: NeuronChoice;
  readonly links: readonly Link[];
  readonly bias: number;
}

function Point({ shown, neuron, links, bias }: NeuronProps) {
  const [weight] = largestFirst(links, ({ nudge }) => nudge, 1);
  const [behind] = largestFirst(links, ({ wish }) => wish, 1);
  const link = (input: number, children: ComponentChildren) => (
    <Linked to={behindKey(neuron, input)}>{children}</Linked>
  );
  return (
    <>
      <Linked to={neuronKey(neuron)}>{capital(neuronName(neuron))}</Linked> has{' '}
      {formatNumber(activationOf(shown, neuron))} and the example wishes{' '}
      <Nudge value={wishFor(shown.nudges, neuron)} of={neuronKey(neuron)} />. For that, the bias
      should get <Nudge value={bias} />; the largest change of a weight is{' '}
      {link(
        weight!.input,
        <>
          <Nudge value={weight!.nudge} />, from {behindName(neuron, weight!.input)}, which is at{' '}
          {formatNumber(weight!.activation)}
        </>,
      )}
      ; the strongest wish for an activation is{' '}
      {link(
        behind!.input,
        <>
          <Nudge value={behind!.wish} />, for {behindName(neuron, behind!.input)}, behind a weight
          of {formatSigned(behind!.weight)}
        </>,
      )}
      .
    </>
  );
}

/** a = σ(w₀a₀ + … + b), with the values of this moment. */
function Equation({ shown, neuron, links }: Omit<NeuronProps, 'bias'>) {
  const isOpen = useSignal(false);
  const { z, usedBiases } = shown.nudges.layers[neuron.layer - 1]!;
  const sorted = largestFirst(
    links,
    ({ product }) => product,
    isOpen.value ? mostTerms : firstTerms,
  );
  const rest = links.length - sorted.length;
  const sum = (some: readonly Link[]) => some.reduce((total, { product }) => total + product, 0);
  const largest = largestSize(links.map(({ weight }) => weight));
  const name = isRelu(shown, neuron) ? 'ReLU' : 'σ';
  return (
    <div class="equation" role="group" aria-label="The neuron's equation with its values">
      <p class="equation-form" aria-hidden="true">
        a = {name}(w<sub>0</sub>a<sub>0</sub> + w<sub>1</sub>a<sub>1</sub> + … + w
        <sub>{links.length - 1}</sub>a<sub>{links.length - 1}</sub> + b)
      </p>
      <p class="equation-values">
        <span class="equation-part">
          <Dot value={activationOf(shown, neuron)} />{' '}
          <strong data-value={activationOf(shown, neuron)}>
            {formatNumber(activationOf(shown, neuron))}
          </strong>{' '}
          = {name}(
        </span>
        {sorted.map(({ input, weight, activation }) => (
          <span
            key={input}
            class={highlight.value === behindKey(neuron, input) ? 'term is-marked' : 'term'}
            {...marks(behindKey(neuron, input))}
          >
            <span class="term-weight">
              {formatSigned(weight)}
              <WeightLine value={weight} largest={largest} />
            </span>{' '}
            · {formatNumber(activation)} <Dot value={activation} size={13} />
          </span>
        ))}
        {(rest > 0 || isOpen.value) && (
          <button
            type="button"
            class="small-button"
            aria-expanded={isOpen.value}
            onClick={() => (isOpen.value = !isOpen.value)}
          >
            {isOpen.value ? 'Show fewer' : `+ ${formatNumber(rest)} more`}
            {rest > 0 && `: ${formatSigned(sum(links) - sum(sorted))}`}
          </button>
        )}
        <span class="equation-part">
          {formatSigned(usedBiases[neuron.index]!)} <span class="small">bias</span> ) = {name}(
          <span data-value={z[neuron.index]} data-z={neuronKey(neuron)}>
            {formatNumber(z[neuron.index]!)}
          </span>
          )
        </span>
      </p>
    </div>
  );
}

function BiasAvenue({ shown, neuron, bias }: Omit<NeuronProps, 'links'>) {
  const used = shown.nudges.layers[neuron.layer - 1]!.usedBiases[neuron.index]!;
  return (
    <section class="avenue">
      <h3>
        {bias >= 0 ? 'Raise' : 'Lower'} the bias <span class="small">b</span>
      </h3>
      <p class="small">It acts on every example alike.</p>
      <p class="avenue-bias">
        <svg width={40} height={132} aria-hidden="true">
          <Neuron x={20} y={66} radius={15} value={activationOf(shown, neuron)} />
          <Arrow x={20} y={bias < 0 ? 84 : 48} length={Math.sign(bias) * 40} thickness={6} />
        </svg>
        <span>
          b = {formatNumber(used)}
          <br />
          <strong>
            <Nudge value={bias} of={`bias ${neuron.layer}.${neuron.index}`} />
          </strong>
        </span>
      </p>
    </section>
  );
}

function WeightAvenue({ neuron, links }: { neuron: NeuronChoice; links: readonly Link[] }) {
  const largest = largestSize(links.map(({ nudge }) => nudge));
  const direction = links.some(({ nudge }) => nudge < 0) ? 'Lower' : 'Raise';
  return (
    <section class="avenue">
      <h3>
        {direction} the weights <span class="small">w</span>
      </h3>
      <p class="small">Each in proportion to the activation behind it, brightest first.</p>
      <Rows
        {...{ neuron, links, largest, of: 'weight' }}
        value={({ nudge }) => nudge}
        show={({ activation, nudge }) => (
          <span class="row-neuron">
            <span class="glow">
              <Glow value={activation} />
              <svg class="glow-line" height={10} aria-hidden="true">
                <line
                  x2="100%"
                  y1={5}
                  y2={5}
                  stroke-width={arrowLength(Math.abs(nudge), largest, 7)}
                />
              </svg>
            </span>
            <span class="row-number">{activation.toFixed(2)}</span>
          </span>
        )}
      />
    </section>
  );
}

/** A neuron that glows as strongly as it is active. */
function Glow({ value }: { readonly value: number }) {
  const light = 9 * inkOf(value);
  return (
    <span
      class="glow-neuron"
      style={{ boxShadow: `0 0 ${light.toFixed(1)}px ${(light / 3).toFixed(1)}px var(--nudge)` }}
    >
      <Dot value={value} size={18} />
    </span>
  );
}

/** The links from the most active neurons, which get the largest nudges. */
function TogetherAvenue({ shown, neuron, links, bias }: NeuronProps) {
  const brightest = largestFirst(links, ({ activation }) => activation, 4);
  const largest = largestSize(links.map(({ nudge }) => nudge));
  const place = (n: number) => 16 + n * 32;
  const target = { x: 146, y: place(1.5) };
  return (
    <section class="avenue">
      <h3>{bias >= 0 ? 'Fire together, wire together' : 'Fired together, now loosened'}</h3>
      <svg class="together" width={170} height={128} aria-hidden="true">
        {brightest.map(({ input, activation, nudge }, n) => (
          <g key={input}>
            <line
              class="together-line"
              x1={34}
              y1={place(n)}
              x2={target.x}
              y2={target.y}
              stroke-width={Math.max(0.5, arrowLength(Math.abs(nudge), largest, 8))}
            />
            <Neuron x={34} y={place(n)} radius={10} value={activation} />
            <text x={18} y={place(n)}>
              {shortName(neuron, input)}
            </text>
          </g>
        ))}
        <Neuron {...target} radius={15} value={activationOf(shown, neuron)} />
      </svg>
      <p class="small">
        {bias >= 0
          ? 'The most active neurons get the strongest new ties to this one.'
          : 'This neuron should be less active, so its ties to the most active neurons are lowered most.'}
      </p>
    </section>
  );
}

function BehindAvenue({ neuron, links }: { neuron: NeuronChoice; links: readonly Link[] }) {
  const largest = largestSize(links.map(({ wish }) => wish));
  const widest = largestSize(links.map(({ weight }) => weight));
  return (
    <section class="avenue">
      <h3>
        Change the activations behind <span class="small">a</span>
      </h3>
      <p class="small">
        Each in proportion to its weight. Behind a negative weight, the wish turns round.
        {neuron.layer === 1 && ' The pixels are given: this avenue ends here.'}
      </p>
      <Rows
        {...{ neuron, links, largest, of: 'behind' }}
        value={({ wish }) => wish}
        show={({ weight }) => (
          <span class="row-neuron">
            <span class="row-weight">
              <WeightLine value={weight} largest={widest} />
            </span>
            <span class="row-number">{formatSigned(Number(weight.toFixed(2)))}</span>
          </span>
        )}
      />
    </section>
  );
}

interface RowsProps {
  readonly neuron: NeuronChoice;
  readonly links: readonly Link[];
  /** What a row is about, for tests. */
  readonly of: string;
  readonly largest: number;
  readonly value: (link: Link) => number;
  /** What the value is in proportion to. */
  readonly show: (link: Link) => ComponentChildren;
}

const rowHeight = 30;

/** A row for each weight, the largest first. Rows glide to their new place when the order changes. */
function Rows({ neuron, links, of, largest, value, show }: RowsProps) {
  const sorted = largestFirst(links, value, rowCount);
  const places = new Map(sorted.map(({ input }, place) => [input, place]));
  // In the order of the inputs, so that elements stay and only their places change.
  const rows = sorted.toSorted((a, b) => a.input - b.input);
  return (
    <>
      <ol class="rows" style={{ height: `${rows.length * rowHeight}px` }}>
        {rows.map((link) => {
          const key = behindKey(neuron, link.input);
          const length = arrowLength(value(link), largest, rowHeight - 6);
          return (
            <li
              key={link.input}
              class={highlight.value === key ? 'row is-marked' : 'row'}
              data-input={link.input}
              style={{ transform: `translateY(${places.get(link.input)! * rowHeight}px)` }}
              {...marks(key)}
            >
              <span class="row-name">{shortName(neuron, link.input)}</span>
              {show(link)}
              <svg class="row-arrow" width={22} height={rowHeight} aria-hidden="true">
                <Arrow x={11} y={rowHeight / 2 + length / 2} length={length} thickness={3.5} />
              </svg>
              <Nudge value={value(link)} of={`${of} ${link.input}`} />
            </li>
          );
        })}
      </ol>
      {links.length > rows.length && (
        <p class="small">and {formatNumber(links.length - rows.length)} smaller ones</p>
      )}
    </>
  );
}

const activationOf = ({ nudges }: Frame, { layer, index }: NeuronChoice): number =>
  nudges.layers[layer - 1]!.a[index]!;

const isRelu = ({ script }: Frame, { layer }: NeuronChoice): boolean =>
  layer !== 3 && script.activation === 'relu';

const behindKey = ({ layer }: NeuronChoice, input: number): string =>
  neuronKey({ layer: layer - 1, index: input });

const behindName = ({ layer }: NeuronChoice, input: number): string =>
  layer === 1 ? neuronName({ layer: 0, index: input }) : `neuron ${input}`;

/** For a row: '7', or a pixel's row and column. */
const shortName = ({ layer }: NeuronChoice, input: number): string =>
  layer === 1 ? `${Math.floor(input / 28)},${input % 28}` : String(input);

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const marks = (key: string) => ({
  onPointerEnter: () => (highlight.value = key),
  onPointerLeave: () => (highlight.value = undefined),
});

function linkTable(links: readonly Link[]) {
  return {
    head: ['Behind', 'Activation', 'Weight', 'Nudge of the weight', 'Wish for the activation'],
    rows: links.map(({ input, activation, weight, nudge, wish }) => [
      String(input),
      activation,
      formatSigned(weight),
      formatSigned(nudge),
      formatSigned(wish),
    ]),
  };
}
