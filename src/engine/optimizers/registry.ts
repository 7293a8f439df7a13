/** What engines, checks and the command line ask of an optimizer without knowing which it is. */
import { ConfigurationError } from '../../errors.ts';
import { requireObject, show } from '../../network/arguments.ts';
import { requireOneOf } from '../../network/functions.ts';
import { optimizers, type Optimizer } from '../optimizers.ts';
import { learningRateAt } from '../schedules.ts';
import {
  float32,
  type NamedOptimizer,
  type OptimizerDefinition,
  type StepAt,
} from './definition.ts';

/** The definition of an optimizer, whichever it is. */
export function definitionOf(optimizer: Optimizer): OptimizerDefinition<Optimizer> {
  return optimizers[optimizer.kind].definition as OptimizerDefinition<Optimizer>;
}

/** float32 that an optimizer keeps for each parameter. */
export function momentCount(optimizer: Optimizer): 0 | 1 | 2 {
  return definitionOf(optimizer).momentCount(optimizer);
}

/** By the names that users know them by: 'sgd', 'momentum', 'adam' …. */
export const namedOptimizers: ReadonlyMap<string, NamedOptimizer<Optimizer>> = new Map(
  Object.values(optimizers).flatMap(({ definition }) => Object.entries(definition.named)),
);

/** @param step counting from 0, over all epochs. */
export function stepAt({ learningRate }: Optimizer, step: number): StepAt {
  return { learningRate: learningRateAt(learningRate, step), t: step + 1 };
}

/**
 * Refuses an optimizer that the functions above would not have made.
 * @throws {ConfigurationError}
 *
 */
export function requireOptimizer(optimizer: Optimizer): void {
  requireObject('An optimizer', optimizer);
  const { kind, ...options } = optimizer;
  const names = Object.keys(optimizers) as readonly Optimizer['kind'][];
  const make = optimizers[requireOneOf('optimizer', kind, names)].make as (
    options: object,
  ) => Optimizer;
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
 *
 */
export function requireClipNorm(clipNorm: number): number {
  const norm = float32(clipNorm);
  if (norm > 0 && Number.isFinite(norm)) return clipNorm;
  throw new ConfigurationError(
    `The norm to clip gradients to is a finite float32 number greater than 0, and ${show(clipNorm)} was given. Try 1.`,
  );
}
