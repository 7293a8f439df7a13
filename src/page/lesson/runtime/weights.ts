/** What weights are called in text. */
import type { WeightChoice } from '../session.ts';

/** For `highlight`: 'weight 2.3.5'. */
export const weightKey = ({ layer, output, input }: WeightChoice): string =>
  `weight ${layer}.${output}.${input}`;

const layerNames = ['pixel', '1st hidden', '2nd hidden', 'output'] as const;

/** Short, for the rows of a table: '2nd hidden 5 → output 3'. */
export function weightLabel({ layer, output, input }: WeightChoice): string {
  const from = layer === 0 ? `${Math.floor(input / 28)}, ${input % 28}` : String(input);
  return `${layerNames[layer]} ${from} → ${layerNames[layer + 1]} ${output}`;
}

/** Whether two choices are the same weight. */
export const isSameWeight = (a: WeightChoice, b: WeightChoice): boolean =>
  a.layer === b.layer && a.output === b.output && a.input === b.input;
