/** The gradient drawn onto the network: lines by the size of their nudges, and the first weights of a neuron as a map. */
import { useComputed, type ReadonlySignal } from '@preact/signals';

import { Canvas, drawDigit, drawLabel, drawPixels, type Area } from '../runtime/canvas.tsx';
import type { FigureBodyProps } from '../runtime/figure.tsx';
import { activationsOf, layerSizes, neuronKey, neuronName } from '../runtime/network.ts';
import { formatNumber } from '../runtime/numbers.tsx';
import {
  chooseWeight,
  endOf,
  nextSlot,
  placeOf,
  slotNames,
  slots,
  startOf,
  weightAt,
  weightKey,
  weightOffsets,
  type Slot,
} from '../runtime/weights.ts';
import { frame, highlight, selection, type NeuronChoice, type WeightChoice } from '../session.ts';
import { mappedNeuron } from '../switches.ts';
import type { NeuronState, Sensitivities } from '../worker/sensitivity.ts';

export type Shown = ReadonlySignal<Sensitivities | undefined>;

export const arrow = (nudge: number): string => (nudge > 0 ? '▲' : nudge < 0 ? '▼' : '·');

/** Sizes that a drawing shows: from the largest down to a ten-thousandth of it. */
export const decades = 4;

/** 1 for the largest size, 0 for a ten-thousandth of it or less. */
export function loudness(size: number, largest: number): number {
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
export function pick(weight: WeightChoice): void {
  chooseWeight(nextSlot.peek(), weight);
  nextSlot.value = nextSlot.peek() === 0 ? 1 : 0;
  if (weight.layer === 0) mappedNeuron.value = weight.output;
}

export function NetworkOfNudges({ isShown, answer }: FigureBodyProps & { readonly answer: Shown }) {
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

export function drawLetter(
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
