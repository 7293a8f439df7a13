/** Functions for any optimizer, used by engines, checks and the command line. */
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

export function definitionOf(optimizer: Optimizer): OptimizerDefinition<Optimizer> {
  return optimizers[optimizer.kind].definition as OptimizerDefinition<Optimizer>;
}

/** Number of float32 values that an optimizer keeps for each parameter. */
export function momentCount(optimizer: Optimizer): 0 | 1 | 2 {
  return definitionOf(optimizer).momentCount(optimizer);
}

/** Optimizers by their name on the command line and the page: 'sgd', 'momentum', 'adam' …. */
export const namedOptimizers: ReadonlyMap<string, NamedOptimizer<Optimizer>> = new Map(
  Object.values(optimizers).flatMap(({ definition }) => Object.entries(definition.named)),
);

/** @param step counting from 0, over all epochs. */
export function stepAt({ learningRate }: Optimizer, step: number): StepAt {
  return { learningRate: learningRateAt(learningRate, step), t: step + 1 };
}

/** @throws {ConfigurationError} unless a function such as `sgd` or `adam` could have created this optimizer */
export function requireOptimizer(optimizer: Optimizer): void {
  requireObject('An optimizer', optimizer);
  const { kind, ...options } = optimizer;
  const names = Object.keys(optimizers) as readonly Optimizer['kind'][];
  const make = optimizers[requireOneOf('optimizer', kind, names)].make as (
    options: object,
  ) => Optimizer;
  const made = make(options);
  // An object literal may lack values that the function fills in.
  const given: Readonly<Record<string, unknown>> = { ...optimizer };
  const missing = Object.keys(made).find((name) => given[name] === undefined);
  if (missing === undefined) return;
  throw new ConfigurationError(
    `${missing} is missing in an optimizer of kind '${kind}'. Create it with ${kind}().`,
  );
}

/**
 * @param clipNorm the maximum 2-norm of a gradient over all layers
 * @throws {ConfigurationError} unless it is a positive float32 number
 */
export function requireClipNorm(clipNorm: number): number {
  const norm = float32(clipNorm);
  if (norm > 0 && Number.isFinite(norm)) return clipNorm;
  throw new ConfigurationError(
    `clipNorm must be a positive finite float32 number; got ${show(clipNorm)}. Try 1.`,
  );
}
