/** The gradient of the chosen digit as 13,002 numbers: ranked, and drawn onto the network. Two of them are compared. */
import './sensitivity.css';
import { useComputed, type ReadonlySignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';

import { Canvas, drawDigit, drawLabel, drawPixels, type Area } from '../runtime/canvas.tsx';
import { Picture, type FigureBodyProps, type FigureModule } from '../runtime/figure.tsx';
import { activationsOf, layerSizes, neuronKey, neuronName } from '../runtime/network.ts';
import { formatNumber, formatShare, formatSigned, Linked } from '../runtime/numbers.tsx';
import { Value } from '../runtime/value.tsx';
import { Letter, WeightPicker } from '../runtime/weightPicker.tsx';
import {
  chooseWeight,
  endOf,
  nextSlot,
  placeOf,
  slotNames,
  startOf,
  useProposedWeights,
  weightAt,
  weightKey,
  weightName,
  weightOffsets,
  type Slot,
} from '../runtime/weights.ts';
import {
  exampleName,
  frame,
  highlight,
  liveAnswer,
  selection,
  type NeuronChoice,
  type WeightChoice,
} from '../session.ts';
import { mappedNeuron } from '../switches.ts';
import type { NeuronState, Sensitivities } from '../worker/sensitivity.ts';

export const sensitivity: FigureModule = {
  id: 'sensitivity',
  title: 'Which numbers matter most',
  Body,
};

type Shown = ReadonlySignal<Sensitivities | undefined>;

const parameterCount = 13_002;
const slots = [0, 1] as const;

function Body({ isShown }: FigureBodyProps) {
  useProposedWeights(isShown);
  const answer = useMemo(
    () => liveAnswer('sensitivities', isShown, () => ({ weights: selection.value.weights })),
    [],
  );
  const now = answer.value;
  return (
    <>
      <div class="prose">
        <p>
          The cost depends on 13,002 weights and biases. For each of them you can ask: if it grows a
          little, how fast does the cost change? The 13,002 answers in one list are the{' '}
          <em>gradient</em>. Its sign says in which direction to turn a number. Its size says how
          much that matters.
        </p>
      </div>
      <Picture
        label="How sensitive the cost of the chosen digit is to each weight"
        point={now ? <Point {...now} /> : ''}
        table={() => rankTable(answer.peek())}
      >
        <NetworkOfNudges isShown={isShown} answer={answer} />
        <Ranking isShown={isShown} answer={answer} />
        <div class="weight-pickers">
          {slots.map((slot) => (
            <WeightPicker
              figure="sensitivity"
              key={slot}
              slot={slot}
              legend={slot === 0 ? 'One weight' : 'Another weight'}
            >
              {now && <ChosenNumbers slot={slot} now={now} />}
            </WeightPicker>
          ))}
        </div>
        <p class="small">
          Click a line, a pixel of the map or a place on the curve to choose{' '}
          <strong>{slotNames[nextSlot.value]}</strong>. The 42 biases have their places on the curve
          too.
        </p>
      </Picture>
      <div class="prose between">
        {now && <Zeros {...now} />}
        {now && <Stopped {...now} />}
      </div>
    </>
  );
}

function Point({ times, chosen: [a, b] }: Sensitivities) {
  // The sentence begins with the more sensitive one.
  const [high, low] =
    Math.abs(a.nudge) >= Math.abs(b.nudge) ? ([0, 1] as const) : ([1, 0] as const);
  const weights = [a, b];
  const ratio = times >= 1 ? times : 1 / times;
  const isFinite = Number.isFinite(ratio);
  return (
    <>
      For {exampleName}, the cost is{' '}
      {isFinite ? (
        <>
          <strong>
            <Value name="sensitivity-times" value={ratio} format={formatTimes} /> times
          </strong>{' '}
          more sensitive
        </>
      ) : (
        <strong>sensitive only</strong>
      )}{' '}
      to the weight{' '}
      <Linked to={weightKey(weights[high]!)}>
        <Letter slot={high} /> {weightName(weights[high]!)}
      </Linked>{' '}
      {isFinite ? 'than to' : 'and not at all to'} the weight{' '}
      <Linked to={weightKey(weights[low]!)}>
        <Letter slot={low} /> {weightName(weights[low]!)}
      </Linked>
      .
    </>
  );
}

/** '32', '1.4', '2,140'. */
const formatTimes = (times: number): string =>
  times >= 10 ? formatNumber(Math.round(times)) : times.toFixed(1);

function ChosenNumbers({ slot, now }: { readonly slot: Slot; readonly now: Sensitivities }) {
  const { weight, nudge, rank } = now.chosen[slot];
  return (
    <dl class="chosen-numbers">
      <div>
        <dt>Weight</dt>
        <dd>
          <Value name={`sensitivity-weight-${slot}`} value={weight} format={formatSigned} />
        </dd>
      </div>
      <div>
        <dt>Nudge</dt>
        <dd class="nudge">
          {arrow(nudge)}{' '}
          <Value name={`sensitivity-nudge-${slot}`} value={nudge} format={formatSigned} />
        </dd>
      </div>
      <div>
        <dt>Place</dt>
        <dd>{nudge === 0 ? 'no effect' : `${formatNumber(rank)} of 13,002`}</dd>
      </div>
    </dl>
  );
}

const arrow = (nudge: number): string => (nudge > 0 ? '▲' : nudge < 0 ? '▼' : '·');

function Zeros({ zeros }: Sensitivities) {
  return (
    <p>
      <Value name="sensitivity-zeros" value={zeros} /> of the 13,002 numbers are exactly 0
      {zeros > 1000 ? (
        <>
          . Most of them are weights of pixels without ink: whatever such a weight is, it is
          multiplied by 0. That is why the map of a first-layer neuron looks like the digit.
        </>
      ) : (
        '.'
      )}{' '}
      A step of learning changes each number in proportion to its sensitivity, so it changes most
      what pays most.
    </p>
  );
}

const stateWords = {
  dead: 'dead',
  saturated: 'saturated',
  flat: 'flat for this digit',
  works: '',
} as const;

/** Neurons through which hardly any nudge gets. */
function Stopped({ neurons, looked }: Sensitivities) {
  const all = flagged(neurons);
  const always = all.filter(({ state }) => state === 'dead' || state === 'saturated');
  const named = (always.length > 0 ? always : all)
    .toSorted((a, b) => a.slope - b.slope)
    .slice(0, 3);
  if (all.length === 0) return <p>No neuron is dead or saturated now.</p>;
  return (
    <>
      <p>
        A nudge passes through a neuron in proportion to the slope of its activation. For this digit
        the slope of{' '}
        <strong>
          <Value name="sensitivity-flat" value={all.length} /> of 42 neurons
        </strong>{' '}
        is below a twentieth of the steepest (dashed ring): the weights before them hardly matter
        now, even if they are wrong.{' '}
        {always.length > 0 && (
          <>
            <Value name="sensitivity-stopped" value={always.length} /> hidden{' '}
            {always.length === 1 ? 'neuron is' : 'neurons are'} like that for nearly every digit
            (crossed).
          </>
        )}
      </p>
      <ul class="stopped">
        {named.map((one) => (
          <li key={neuronKey(one)}>
            <Linked to={neuronKey(one)}>{sentenceStart(neuronName(one))}</Linked>{' '}
            {reason(one, looked)}
          </li>
        ))}
      </ul>
    </>
  );
}

const sentenceStart = (text: string): string => text[0]!.toUpperCase() + text.slice(1);

type Flagged = NeuronChoice & NeuronState;

const flagged = (neurons: Sensitivities['neurons']): Flagged[] =>
  neurons.flatMap((states, l) =>
    states
      .map((state, index) => ({ ...state, layer: l + 1, index }))
      .filter(({ state }) => state !== 'works'),
  );

/** '0.02 %'. */
const percent = (share: number): string => `${formatNumber(100 * share)} %`;

function reason({ state, slope, flat }: Flagged, looked: number): string {
  switch (state) {
    case 'dead':
      return `is dead: it is active for none of ${looked} test digits, so no nudge reaches its weights.`;
    case 'saturated':
      return `is saturated for ${formatShare(flat)} of ${looked} test digits; here its slope is ${percent(slope)} of the steepest.`;
    case 'flat':
    case 'works':
      return `has ${percent(slope)} of the steepest slope for this digit.`;
  }
}

function rankTable(now: Sensitivities | undefined) {
  const rows = [...(now?.order ?? [])]
    .map((place, n) => ({ weight: weightAt(place), place, n }))
    .filter(({ weight }) => weight !== undefined)
    .slice(0, 40)
    .map(({ weight, place, n }) => [
      ...[n + 1, weightName(weight!), formatSigned(now!.nudges[place]!)],
    ]);
  const states = now ? flagged(now.neurons) : [];
  return {
    head: ['Place', 'Weight', 'Nudge'],
    rows: [
      ...rows,
      ...states.map((one) => [
        ...[neuronName(one), stateWords[one.state], `slope ${percent(one.slope)}`],
      ]),
    ],
  };
}

/** Sizes that a drawing shows: from the largest down to a ten-thousandth of it. */
const decades = 4;

/** 1 for the largest size, 0 for a ten-thousandth of it or less. */
function loudness(size: number, largest: number): number {
  if (size === 0 || largest === 0) return 0;
  return Math.min(1, Math.max(0, 1 + Math.log10(size / largest) / decades));
}

const networkHeight = (width: number): number => Math.max(400, Math.min(560, width * 0.5));

/** Places of neurons and of the map in the drawing. */
function places(width: number) {
  const height = networkHeight(width);
  const space = height / 16.5;
  const radius = Math.min(space * 0.38, 12);
  const size = Math.min(width * 0.3, height * 0.56);
  return {
    ...{ height, radius },
    map: { left: 1, top: (height - size) / 2, size },
    at: ({ layer, index }: NeuronChoice): readonly [number, number] => {
      if (layer === 0) {
        const pixel = size / 28;
        return [
          1 + ((index % 28) + 0.5) * pixel,
          (height - size) / 2 + pixel * (Math.floor(index / 28) + 0.5),
        ];
      }
      const count = layerSizes[layer]!;
      const x = [0, 0.47, 0.72, 0.94][layer]! * (width - 12);
      return [x, height / 2 + (index - (count - 1) / 2) * (layer === 3 ? space * 1.35 : space)];
    },
  };
}

function curvePoint(
  [x0, y0]: readonly [number, number],
  [x1, y1]: readonly [number, number],
  t: number,
): readonly [number, number] {
  const [s, third] = [1 - t, x1 - x0];
  const x =
    s ** 3 * x0 +
    3 * s * s * t * (x0 + 0.4 * third) +
    3 * s * t * t * (x1 - 0.4 * third) +
    t ** 3 * x1;
  return [x, (s ** 3 + 3 * s * s * t) * y0 + (3 * s * t * t + t ** 3) * y1];
}

/** Chooses a weight by a click, first A, then B. */
function pick(weight: WeightChoice): void {
  chooseWeight(nextSlot.peek(), weight);
  nextSlot.value = nextSlot.peek() === 0 ? 1 : 0;
  if (weight.layer === 0) mappedNeuron.value = weight.output;
}

function NetworkOfNudges({ isShown, answer }: FigureBodyProps & { readonly answer: Shown }) {
  const neuron = useComputed(() => mapNeuron(answer.value));
  const click = (event: MouseEvent) => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const point = [event.clientX - box.left, event.clientY - box.top] as const;
    const picked = underPointer(point, box.width, neuron.peek());
    if (!picked) return;
    if ('layer' in picked) pick(picked);
    else mappedNeuron.value = picked.first;
  };
  return (
    <>
      <div class="drawing" onClick={click}>
        <Canvas
          isShown={isShown}
          height={networkHeight}
          draw={(area) => drawNudges(area, answer.value, neuron.value)}
        />
      </div>
      <div class="map-choice">
        <label>
          Map of{' '}
          <select
            value={neuron.value}
            onChange={(event) => (mappedNeuron.value = Number(event.currentTarget.value))}
          >
            {Array.from({ length: 16 }, (_, index) => (
              <option value={index}>{neuronName({ layer: 1, index })}</option>
            ))}
          </select>
        </label>
        <ul class="legend-row">
          <li>
            <span class="gold-line" aria-hidden="true" /> sensitive, on a scale of powers of ten
          </li>
          <li>▲ should grow, ▼ should shrink</li>
        </ul>
      </div>
    </>
  );
}

function mapNeuron(now: Sensitivities | undefined): number {
  const { neuron, weights } = selection.value;
  if (mappedNeuron.value !== undefined) return mappedNeuron.value;
  if (neuron.layer === 1) return neuron.index;
  return weights.find(({ layer }) => layer === 0)?.output ?? now?.firstNeuron ?? 0;
}

/** What a click means: a weight, or a first-layer neuron for the map. */
function underPointer(
  [x, y]: readonly [number, number],
  width: number,
  neuron: number,
): WeightChoice | { readonly first: number } | undefined {
  const { map, at, radius } = places(width);
  const [column, row] = [x - map.left, y - map.top].map((n) => Math.floor((n / map.size) * 28));
  if (column! >= 0 && column! < 28 && row! >= 0 && row! < 28) {
    return { layer: 0, output: neuron, input: row! * 28 + column! };
  }
  for (let index = 0; index < 16; index++) {
    const [cx, cy] = at({ layer: 1, index });
    if (Math.hypot(cx - x, cy - y) < radius + 4) return { first: index };
  }
  let best: WeightChoice | undefined;
  let least = 14;
  for (const layer of [1, 2]) {
    for (let output = 0; output < layerSizes[layer + 1]!; output++) {
      for (let input = 0; input < 16; input++) {
        const weight = { layer, output, input };
        const [from, to] = [at(startOf(weight)), at(endOf(weight))];
        for (let t = 0.1; t < 0.95; t += 0.04) {
          const [cx, cy] = curvePoint(from, to, t);
          const distance = Math.hypot(cx - x, cy - y);
          if (distance < least) [best, least] = [weight, distance];
        }
      }
    }
  }
  return best;
}

function drawNudges(area: Area, now: Sensitivities | undefined, mapOf: number): void {
  const shown = frame.value;
  if (!now || !shown) return;
  const { context, width, colours } = area;
  const { at, radius, map } = places(width);
  const { nudges, order, chosen } = now;
  const largest = Math.abs(nudges[order[0] ?? 0]!);
  const marked = highlight.value;

  const line = (weight: WeightChoice, level: number, colour: string, extra = 0) => {
    const [[x0, y0], [x1, y1]] = [at(startOf(weight)), at(endOf(weight))];
    context.strokeStyle = colour;
    context.globalAlpha = extra > 0 ? 1 : 0.04 + 0.96 * level ** 3;
    context.lineWidth = 0.4 + 4.5 * level ** 3 + extra;
    context.beginPath();
    context.moveTo(x0, y0);
    context.bezierCurveTo(x0 + (x1 - x0) * 0.4, y0, x1 - (x1 - x0) * 0.4, y1, x1, y1);
    context.stroke();
  };
  const levelOf = (weight: WeightChoice) => loudness(Math.abs(nudges[placeOf(weight)]!), largest);

  for (const layer of [1, 2]) {
    for (let output = 0; output < layerSizes[layer + 1]!; output++) {
      for (let input = 0; input < 16; input++) {
        const weight = { layer, output, input };
        line(weight, levelOf(weight), colours.nudge);
      }
    }
  }
  context.globalAlpha = 1;
  drawArrows(area, now, at);

  drawMap(area, shown.example.pixels, now, mapOf, largest, map);
  // From the map to its neuron.
  const [nx, ny] = at({ layer: 1, index: mapOf });
  const right = map.left + map.size;
  context.strokeStyle = colours.nudge;
  context.lineWidth = 1.5;
  context.beginPath();
  for (const corner of [map.top, map.top + map.size]) {
    context.moveTo(right, corner);
    context.bezierCurveTo(right + (nx - right) * 0.6, corner, nx - (nx - right) * 0.5, ny, nx, ny);
  }
  context.globalAlpha = 0.7;
  context.stroke();
  context.globalAlpha = 1;

  for (const slot of slots) {
    const weight = chosen[slot];
    if (weight.layer > 0 || weight.output !== mapOf) {
      line(weight, levelOf(weight), colours.ink, marked === weightKey(weight) ? 6 : 3);
      line(weight, levelOf(weight), colours.nudge, 0.5);
      context.globalAlpha = 1;
    }
  }

  now.neurons.forEach((states, l) => {
    const activations = activationsOf(shown, l + 1);
    states.forEach((state, index) => {
      const neuron = { layer: l + 1, index };
      const isMarked =
        marked === neuronKey(neuron) || (neuron.layer === 1 && neuron.index === mapOf);
      drawNeuron(area, at(neuron), radius, activations[index]!, state, isMarked);
      if (neuron.layer !== 3) return;
      const [x, y] = at(neuron);
      context.fillStyle = colours.ink;
      context.font = '15px system-ui';
      context.textBaseline = 'middle';
      context.fillText(String(index), x + radius + 7, y);
      if (shown.example.label === index) context.fillRect(x + radius + 7, y + 9, 9, 2);
    });
  });

  for (const slot of slots) {
    const weight = chosen[slot];
    const [from, to] = [at(startOf(weight)), at(endOf(weight))];
    // Both letters stay apart on lines that cross in the middle.
    const onMap = weight.layer === 0 && weight.output === mapOf;
    const [x, y] = onMap ? from : curvePoint(from, to, weight.layer === 0 ? 0.7 : 0.4 + 0.2 * slot);
    if (onMap) {
      context.strokeStyle = colours.ink;
      context.lineWidth = 2;
      context.strokeRect(
        x - map.size / 56 - 1,
        y - map.size / 56 - 1,
        map.size / 28 + 2,
        map.size / 28 + 2,
      );
    }
    drawLetter(area, onMap ? [x + 13, y - 13] : [x, y], slot, marked === weightKey(weight));
  }
}

function drawNeuron(
  { context, colours }: Area,
  [x, y]: readonly [number, number],
  radius: number,
  activation: number,
  { state }: NeuronState,
  isMarked: boolean,
): void {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = colours.card;
  context.fill();
  context.globalAlpha = Math.min(1, Math.max(0, activation));
  context.fillStyle = colours.ink;
  context.fill();
  context.globalAlpha = 1;
  context.strokeStyle = isMarked ? colours.nudge : colours.ink;
  context.lineWidth = isMarked ? 3 : 1;
  context.stroke();
  if (state === 'works') return;
  context.strokeStyle = colours.ink;
  context.lineWidth = 1.25;
  context.setLineDash([2.5, 2.5]);
  context.beginPath();
  context.arc(x, y, radius + 3, 0, 2 * Math.PI);
  context.stroke();
  context.setLineDash([]);
  if (state === 'flat') return;
  const reach = radius + 3;
  for (const [colour, wide] of [
    [colours.card, 4],
    [colours.ink, 2],
  ] as const) {
    context.strokeStyle = colour;
    context.lineWidth = wide;
    context.beginPath();
    context.moveTo(x - reach * 0.75, y + reach * 0.75);
    context.lineTo(x + reach * 0.75, y - reach * 0.75);
    context.stroke();
  }
}

/** The 784 nudges of a neuron's weights, over a faint image of the digit. */
function drawMap(
  area: Area,
  pixels: Uint8Array,
  { nudges }: Sensitivities,
  neuron: number,
  largest: number,
  { left, top, size }: { readonly left: number; readonly top: number; readonly size: number },
): void {
  const { context, colours } = area;
  context.fillStyle = colours.card;
  context.fillRect(left, top, size, size);
  drawDigit(area, (i) => (pixels[i]! / 255) * 0.12, [left, top, size]);
  const own = nudges.subarray(
    weightOffsets[0] + neuron * 784,
    weightOffsets[0] + (neuron + 1) * 784,
  );
  const strongest = own.reduce((most, one) => (Math.abs(one) > Math.abs(most) ? one : most), 0);
  // Within the map in proportion, so that it shows its pattern; fainter as a whole if the neuron matters less.
  const ink = 0.25 + 0.75 * loudness(Math.abs(strongest), largest);
  drawPixels(area, colours.nudge, (i) => (ink * own[i]!) / strongest, [left, top, size]);
  context.strokeStyle = colours.nudge;
  context.lineWidth = 2;
  context.strokeRect(left, top, size, size);
  context.font = '13px system-ui';
  context.textBaseline = 'alphabetic';
  context.fillStyle = colours.ink;
  const isNarrow = area.width < 600;
  context.fillText(
    isNarrow ? `neuron ${neuron}` : `784 weights of neuron ${neuron}`,
    left,
    top - 8,
  );
  context.fillStyle = colours.muted;
  const most = formatNumber(Math.abs(strongest));
  const words =
    strongest === 0
      ? ['none matters']
      : [`${arrow(strongest)} all should ${strongest > 0 ? 'grow' : 'shrink'},`, `at most ${most}`];
  const lines = isNarrow ? words : [words.join(' ')];
  // Lines pass behind it on a phone.
  lines.forEach((text, n) => drawLabel(area, text, left, top + size + 18 + 16 * n));
}

/** An arrow on the strongest lines, near their ends, where they are apart. */
function drawArrows(
  { context, colours }: Area,
  { nudges, order }: Sensitivities,
  at: (neuron: NeuronChoice) => readonly [number, number],
): void {
  let left = 10;
  for (const place of order) {
    const weight = weightAt(place);
    if (!weight || weight.layer === 0) continue;
    const [x, y] = curvePoint(at(startOf(weight)), at(endOf(weight)), 0.78);
    const up = nudges[place]! > 0 ? -1 : 1;
    context.beginPath();
    context.moveTo(x, y + 6 * up);
    context.lineTo(x - 5.5, y - 4 * up);
    context.lineTo(x + 5.5, y - 4 * up);
    context.closePath();
    context.strokeStyle = colours.card;
    context.lineWidth = 3;
    context.stroke();
    context.fillStyle = colours.nudge;
    context.fill();
    if (--left === 0) return;
  }
}

function drawLetter(
  { context, colours }: Area,
  [x, y]: readonly [number, number],
  slot: Slot,
  isMarked: boolean,
): void {
  context.beginPath();
  context.arc(x, y, isMarked ? 13 : 10, 0, 2 * Math.PI);
  context.fillStyle = slot === 0 ? colours.ink : colours.card;
  context.fill();
  context.strokeStyle = isMarked ? colours.nudge : slot === 0 ? colours.card : colours.ink;
  context.lineWidth = 2;
  context.stroke();
  context.fillStyle = slot === 0 ? colours.card : colours.ink;
  context.font = '700 12px system-ui';
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillText(slotNames[slot], x, y + 0.5);
  context.textAlign = 'left';
}

const rankingHeight = (width: number): number => Math.max(210, Math.min(280, width * 0.26));

/** Where the curve's places and sizes are. Both axes are powers of ten. */
const rankX = (place: number, width: number): number =>
  (Math.log10(place) / Math.log10(parameterCount)) * (width - 2) + 1;

function Ranking({ isShown, answer }: FigureBodyProps & { readonly answer: Shown }) {
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
