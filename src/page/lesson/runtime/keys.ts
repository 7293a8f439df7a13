/** Arrow keys within a group of controls that has one tab stop. */
import type { NeuronChoice } from '../session.ts';
import { layerSizes } from './network.ts';

const steps: Readonly<Record<string, number>> = {
  ArrowLeft: -1,
  ArrowUp: -1,
  ArrowRight: 1,
  ArrowDown: 1,
  Home: -Infinity,
  End: Infinity,
};

/**
 * For `onKeyDown` of a group of radio buttons: arrow keys, Home and End focus and choose another one.
 * @returns the index to choose, or undefined for other keys
 */
export function arrowChoice(
  event: KeyboardEvent,
  index: number,
  count: number,
): number | undefined {
  const step = steps[event.key];
  if (step === undefined) return undefined;
  event.preventDefault();
  const next = Math.min(count - 1, Math.max(0, index + step));
  const group = event.currentTarget as Element;
  group.querySelectorAll<HTMLElement>('[role="radio"]')[next]?.focus();
  return next;
}

/**
 * For `onKeyDown` of a drawing of the network: the neuron above, below, or in the layer beside.
 * @returns undefined for other keys
 */
export function neuronBeside(
  event: KeyboardEvent,
  { layer, index }: NeuronChoice,
): NeuronChoice | undefined {
  const [layers, places] =
    { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[event.key] ??
    [];
  if (layers === undefined || places === undefined) return undefined;
  event.preventDefault();
  const next = Math.min(3, Math.max(1, layer + layers));
  const last = layerSizes[next]! - 1;
  return { layer: next, index: Math.min(last, Math.max(0, index + places)) };
}

/**
 * For `onKeyDown` of an image of 28 × 28 pixels: the pixel beside.
 * @returns undefined for other keys
 */
export function pixelBeside(event: KeyboardEvent, pixel: number): number | undefined {
  const [rows, columns] =
    { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key] ??
    [];
  if (rows === undefined || columns === undefined) return undefined;
  event.preventDefault();
  const within = (value: number) => Math.min(27, Math.max(0, value));
  return within(Math.floor(pixel / 28) + rows) * 28 + within((pixel % 28) + columns);
}
