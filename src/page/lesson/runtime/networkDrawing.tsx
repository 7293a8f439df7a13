/** The network as a drawing: the image on the left, two hidden layers, and the answers on the right. */
import { useComputed } from '@preact/signals';
import { useRef } from 'preact/hooks';

import type { Frame } from '../frame.ts';
import { frame, highlight, selection, type NeuronChoice } from '../session.ts';
import { Canvas, drawDigit, drawLabel, drawPixels, type Area } from './canvas.tsx';
import type { FigureBodyProps } from './figure.tsx';
import { activationsOf, layerSizes, neuronKey, neuronName } from './network.ts';
import { formatNumber } from './numbers.tsx';

/** Above the drawing, for the layers' names. */
const head = 26;
const usualHeight = (width: number): number => head + Math.max(380, Math.min(500, width * 0.54));
const isNarrow = (width: number): boolean => width < 600;

/** Where a neuron is, in CSS pixels of a drawing of this size. */
function place(
  { layer, index }: NeuronChoice,
  { width, height }: Pick<Area, 'width' | 'height'>,
): { readonly x: number; readonly y: number; readonly radius: number } {
  const below = height - head;
  const count = layerSizes[layer]!;
  const space = below / 16.5;
  const x = (isNarrow(width) ? [0, 0.4, 0.6, 0.78] : [0, 0.42, 0.66, 0.86])[layer]! * width;
  const y = head + below / 2 + (index - (count - 1) / 2) * (layer === 3 ? space * 1.35 : space);
  return { x, y, radius: Math.min(space * 0.4, 13) };
}

interface NetworkDrawingProps extends FigureBodyProps {
  /** In CSS pixels, for a width. */
  readonly heightOf?: ((width: number) => number) | undefined;
}

export function NetworkDrawing({ isShown, heightOf = usualHeight }: NetworkDrawingProps) {
  const box = useRef<HTMLDivElement>(null);
  const chosen = useComputed(() => selection.value.neuron);
  const choose = (neuron: NeuronChoice) => {
    selection.value = { ...selection.value, neuron };
  };
  const nearest = (event: PointerEvent): NeuronChoice | undefined => {
    const { left, top, width } = box.current!.getBoundingClientRect();
    const [x, y] = [event.clientX - left, event.clientY - top];
    const area = { width, height: heightOf(width) };
    let best: NeuronChoice | undefined;
    let least = 34 ** 2;
    for (const layer of [1, 2, 3]) {
      for (let index = 0; index < layerSizes[layer]!; index++) {
        const at = place({ layer, index }, area);
        const distance = (at.x - x) ** 2 + (at.y - y) ** 2;
        if (distance < least) [best, least] = [{ layer, index }, distance];
      }
    }
    return best;
  };
  const move = (event: KeyboardEvent) => {
    const { layer, index } = chosen.value;
    const [layers, steps] =
      {
        ArrowUp: [0, -1],
        ArrowDown: [0, 1],
        ArrowLeft: [-1, 0],
        ArrowRight: [1, 0],
      }[event.key] ?? [];
    if (layers === undefined || steps === undefined) return;
    event.preventDefault();
    const next = Math.min(3, Math.max(1, layer + layers));
    const last = layerSizes[next]! - 1;
    choose({ layer: next, index: Math.min(last, Math.max(0, index + steps)) });
  };
  return (
    <div
      ref={box}
      class="drawing"
      role="slider"
      tabIndex={0}
      aria-label="Selected neuron; arrow keys select another"
      aria-valuemin={1}
      aria-valuemax={3}
      aria-valuenow={chosen.value.layer}
      aria-valuetext={neuronText(chosen.value)}
      onKeyDown={move}
      onPointerDown={(event) => {
        const neuron = nearest(event);
        if (neuron) choose(neuron);
      }}
      onPointerMove={(event) => {
        const neuron = nearest(event);
        highlight.value = neuron && neuronKey(neuron);
      }}
      onPointerLeave={() => (highlight.value = undefined)}
    >
      <Canvas isShown={isShown} height={heightOf} draw={drawNetwork} />
    </div>
  );
}

function neuronText(neuron: NeuronChoice): string {
  const shown = frame.value;
  if (!shown) return neuronName(neuron);
  const value = activationsOf(shown, neuron.layer)[neuron.index]!;
  return `${neuronName(neuron)}, activation ${formatNumber(value)}`;
}

/** Lines from the image: those pixels of which a neuron's sum has most. */
const linesPerNeuron = 10;

function drawNetwork(area: Area): void {
  const shown = frame.value;
  if (!shown) return;
  const { context, width, height, colours } = area;
  const { neuron } = selection.value;
  const marked = highlight.value;
  const isMarked = (layer: number, index: number) =>
    (neuron.layer === layer && neuron.index === index) || marked === neuronKey({ layer, index });
  const size = Math.min(width * 0.25, height * 0.5);
  const [left, top] = [1, head + (height - head - size) / 2];
  const { pixels } = shown.example;

  const line = (
    from: readonly [number, number],
    to: readonly [number, number],
    weight: number,
    alpha: number,
    widest: number,
  ) => {
    const lineWidth = Math.max(0.4, Math.min(4, Math.abs(weight) * widest));
    // Without a GPU a dash costs as much as the line, and it does not show on a line as thin and pale as a hair.
    const isDashed = weight < 0 && (lineWidth >= 1 || alpha > 0.5);
    context.strokeStyle = weight > 0 ? colours.positive : colours.negative;
    context.setLineDash(isDashed ? [7, 5] : []);
    context.globalAlpha = alpha;
    context.lineWidth = lineWidth;
    context.beginPath();
    context.moveTo(...from);
    context.lineTo(...to);
    context.stroke();
  };

  const layers = shown.nudges.layers;
  for (let index = 0; index < 16; index++) {
    const at = place({ layer: 1, index }, area);
    for (const pixel of strongest(shown, index)) {
      const weight = shown.nudges.usedParameters[index * 784 + pixel]!;
      const to = [at.x - at.radius, at.y] as const;
      const x = left + (((pixel % 28) + 0.5) * size) / 28;
      const y = top + ((Math.floor(pixel / 28) + 0.5) * size) / 28;
      const [across, down] = [to[0] - x, to[1] - y];
      // From where it leaves the image, which is drawn over it.
      const toEdge = (down > 0 ? top + size - y : top - y) / down;
      const hidden = Math.min((left + size - x) / across, toEdge);
      const from = [x + hidden * across, y + hidden * down] as const;
      line(from, to, weight, isMarked(1, index) ? 0.9 : 0.16, 1.2);
    }
  }
  let offset = 784 * 16 + 16;
  for (const layer of [2, 3]) {
    const { inputs, outputs } = layers[layer - 1]!;
    for (let j = 0; j < outputs; j++) {
      const to = place({ layer, index: j }, area);
      for (let i = 0; i < inputs; i++) {
        const from = place({ layer: layer - 1, index: i }, area);
        const weight = shown.nudges.usedParameters[offset + j * inputs + i]!;
        const isOn = isMarked(layer, j) || isMarked(layer - 1, i);
        const ends = [from.x + from.radius, from.y] as const;
        line(ends, [to.x - to.radius, to.y], weight, isOn ? 0.9 : 0.22, 1);
      }
    }
    offset += outputs * (inputs + 1);
  }
  context.setLineDash([]);
  context.globalAlpha = 1;

  context.fillStyle = colours.card;
  context.fillRect(left, top, size, size);
  drawDigit(area, (i) => pixels[i]! / 255, [left, top, size]);

  for (const layer of [1, 2, 3]) {
    const activations = activationsOf(shown, layer);
    activations.forEach((value, index) => {
      const { x, y, radius } = place({ layer, index }, area);
      context.beginPath();
      context.arc(x, y, radius, 0, 2 * Math.PI);
      context.fillStyle = colours.card;
      context.fill();
      context.fillStyle = colours.ink;
      context.globalAlpha = Math.min(1, Math.max(0, value));
      context.fill();
      context.globalAlpha = 1;
      context.lineWidth = isMarked(layer, index) ? 3 : 1;
      context.strokeStyle = isMarked(layer, index) ? colours.nudge : colours.ink;
      context.stroke();
      if (layer === 3) drawAnswer(area, { x, y, radius }, index, value, shown);
    });
  }
  drawNames(area, top);
  if (neuron.layer === 1) drawWeightImage(area, shown, neuron.index, [left, top + size + 32, size]);
}

/** What the image and the layers are, above them. */
function drawNames(area: Area, imageTop: number): void {
  const { context, width, colours } = area;
  context.font = '12px system-ui';
  context.fillStyle = colours.muted;
  context.textBaseline = 'alphabetic';
  drawLabel(area, '784 pixels', 1, imageTop - 8);
  context.textAlign = 'center';
  for (const [layer, name] of [
    [1, '16 neurons'],
    [2, '16 neurons'],
    [3, '10 outputs'],
  ] as const) {
    const { x, y, radius } = place({ layer, index: 0 }, area);
    context.fillText(isNarrow(width) ? name.slice(0, 2) : name, x, y - radius - 8);
  }
  context.textAlign = 'left';
}

/** The digit of an output, and its activation as a bar. */
function drawAnswer(
  { context, width, colours }: Area,
  { x, y, radius }: ReturnType<typeof place>,
  index: number,
  value: number,
  { example, nudges }: Frame,
): void {
  const left = x + radius + 8;
  const size = Math.min(15, Math.round(2.3 * radius));
  context.fillStyle = colours.ink;
  context.font = `${nudges.prediction === index ? '700 ' : ''}${size}px system-ui`;
  context.textBaseline = 'middle';
  context.fillText(String(index), left, y);
  if (example.label === index) {
    // The digit that the image shows.
    context.fillRect(left, y + size / 2 - 0.5, 9, 2);
  }
  const [from, to] = [left + 16, width - 4];
  context.fillStyle = colours.line;
  context.fillRect(from, y - 3, to - from, 6);
  context.fillStyle = colours.ink;
  context.fillRect(from, y - 3, (to - from) * Math.min(1, Math.max(0, value)), 6);
}

/** The 784 weights of a neuron as an image: blue above 0, orange below. */
function drawWeightImage(
  area: Area,
  { nudges: { usedParameters } }: Frame,
  index: number,
  [left, wantedTop, wantedSize]: readonly [number, number, number],
): void {
  const { context, height, colours } = area;
  const size = Math.min(wantedSize, height - wantedTop - 4);
  if (size < 40) return;
  const top = wantedTop;
  context.font = '12px system-ui';
  context.fillStyle = colours.muted;
  context.textBaseline = 'alphabetic';
  context.fillText(`weights of neuron ${index}`, left, top - 8);
  const weights = usedParameters.subarray(index * 784, (index + 1) * 784);
  const largest = Math.max(...weights.map(Math.abs));
  for (const [colour, sign] of [
    [colours.positive, 1],
    [colours.negative, -1],
  ] as const) {
    drawPixels(area, colour, (i) => (sign * weights[i]!) / largest, [left, top, size]);
  }
  context.strokeStyle = colours.nudge;
  context.lineWidth = 2;
  context.strokeRect(left, top, size, size);
}

/** The pixels whose products with the weights of a neuron are largest. */
function strongest(
  { nudges: { usedParameters }, example: { pixels } }: Frame,
  index: number,
): number[] {
  const lit: number[] = [];
  for (let i = 0; i < 784; i++) if (pixels[i]! > 0) lit.push(i);
  const part = (i: number) => Math.abs(usedParameters[index * 784 + i]!) * pixels[i]!;
  return lit.sort((a, b) => part(b) - part(a)).slice(0, linesPerNeuron);
}
