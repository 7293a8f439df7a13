/**
 * How a gradient becomes an update: PyTorch's definitions. Each optimizer is a module of `optimizers/`, registered here; its
 * SIMD form for the CPU stands in `src/cpu/assembly/update.ts`.
 *
 * Weight decay applies to all parameters, biases too, as PyTorch's does unless told otherwise.
 */
import { ConfigurationError } from '../errors.ts';
import { requireObject, show } from '../network/arguments.ts';
import { requireOneOf } from '../network/functions.ts';
import { adam, adamDefinition, adamW, type Adam } from './optimizers/adam.ts';
import {
  float32,
  type NamedOptimizer,
  type OptimizerDefinition,
  type StepAt,
} from './optimizers/definition.ts';
import { sgd, sgdDefinition, type Sgd } from './optimizers/sgd.ts';
import { learningRateAt } from './schedules.ts';

export { adam, adamW, type Adam, type AdamOptions } from './optimizers/adam.ts';
export { sgd, type Sgd, type SgdOptions } from './optimizers/sgd.ts';

export type Optimizer = Sgd | Adam;

/** By the kind that an optimizer says it is: the function that makes it, and what it does. */
const kinds = {
  sgd: { make: sgd, definition: sgdDefinition },
  adam: { make: adam, definition: adamDefinition },
  adamW: { make: adamW, definition: adamDefinition },
};

/** The definition of an optimizer, whichever it is. @internal */
export function definitionOf(optimizer: Optimizer): OptimizerDefinition<Optimizer> {
  return kinds[optimizer.kind].definition as OptimizerDefinition<Optimizer>;
}

/** float32 that an optimizer keeps for each parameter. @internal */
export function momentCount(optimizer: Optimizer): 0 | 1 | 2 {
  return definitionOf(optimizer).momentCount(optimizer);
}

/** By the names that users know them by: 'sgd', 'momentum', 'adam' …. @internal */
export const namedOptimizers: ReadonlyMap<string, NamedOptimizer<Optimizer>> = new Map(
  Object.values(kinds).flatMap(({ definition }) => Object.entries(definition.named)),
);

/** @param step counting from 0, over all epochs. @internal */
export function stepAt({ learningRate }: Optimizer, step: number): StepAt {
  return { learningRate: learningRateAt(learningRate, step), t: step + 1 };
}

/**
 * Refuses an optimizer that the functions above would not have made.
 * @throws {ConfigurationError}
 * @internal
 */
export function requireOptimizer(optimizer: Optimizer): void {
  requireObject('An optimizer', optimizer);
  const { kind, ...options } = optimizer;
  const names = Object.keys(kinds) as readonly Optimizer['kind'][];
  const make = kinds[requireOneOf('optimizer', kind, names)].make as (options: object) => Optimizer;
  const made = make(options);
  // One made by hand may lack values that the function fills in.
  const given: Readonly<Record<string, unknown>> = { ...optimizer };
  const missing = Object.keys(made).find((name) => given[name] === undefined);
  if (missing === undefined) return;
  throw new ConfigurationError(
    `An optimizer of kind '${kind}' has ${missing}, and this one has not. Make it by ${kind}.`,
  );
}

/**
 * @param clipNorm the global 2-norm that a gradient is kept within
 * @throws {ConfigurationError} for one that is not a positive number
 * @internal
 */
export function requireClipNorm(clipNorm: number): number {
  const norm = float32(clipNorm);
  if (norm > 0 && Number.isFinite(norm)) return clipNorm;
  throw new ConfigurationError(
    `The norm to clip gradients to is a finite float32 number greater than 0, and ${show(clipNorm)} was given. Try 1.`,
  );
}
