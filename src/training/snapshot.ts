/** A moment of a trainer's training, to go back to. */
import { requirePosition, type TrainingPosition } from '../engine/cursor.ts';
import type { EngineState } from '../engine/engine.ts';
import { momentCount } from '../engine/optimizers/registry.ts';
import type { Optimizer } from '../engine/optimizers.ts';
import { ConfigurationError } from '../errors.ts';
import { requireArray, requireObject, show } from '../network/arguments.ts';
import type { Network } from '../network/network.ts';
import { describeNonFinite } from '../network/parameters.ts';

/**
 * A moment of training as plain data, which can be sent to another thread and kept. A trainer on the same backend with
 * the same options and plan continues from it with the same bits.
 */
export interface TrainingSnapshot extends TrainingPosition, EngineState {
  /** Layer sizes of the network. */
  readonly layers: readonly number[];
}

/**
 * @returns a copy
 * @throws {ConfigurationError} unless it is a snapshot of such a network and optimizer
 */
export function requireSnapshot(
  snapshot: TrainingSnapshot,
  network: Network,
  optimizer: Optimizer,
): TrainingSnapshot {
  requireObject('A snapshot', snapshot);
  const { layers, parameters, moments } = snapshot;
  requireArray('snapshot.layers', layers);
  requireArray('snapshot.moments', moments);
  const position = requirePosition('snapshot', snapshot);
  if (layers.length !== network.layers.length || !network.layers.every((s, l) => s === layers[l])) {
    throw new ConfigurationError(
      `The snapshot is of a network ${layers.map(show).join('-')}, but this trainer has ${network.layers.join('-')}.`,
    );
  }
  const count = momentCount(optimizer);
  if (moments.length !== count) {
    throw new ConfigurationError(
      `The snapshot has ${moments.length} moments, but this trainer's optimizer keeps ${count}. Use the optimizer that it was taken with.`,
    );
  }
  const copy = (name: string, values: EngineState['parameters']) => {
    const isValues = values instanceof Float32Array || values instanceof Float64Array;
    if (!isValues || values.length !== network.parameterCount) {
      throw new ConfigurationError(
        `snapshot.${name} must be a Float32Array or a Float64Array of ${network.parameterCount}; ` +
          `got ${isValues ? `one of ${values.length}` : show(values)}.`,
      );
    }
    const wrong = describeNonFinite(network.layers, values);
    if (wrong !== undefined) throw new ConfigurationError(`In snapshot.${name}: ${wrong}.`);
    return values.slice();
  };
  return {
    ...{ ...position, layers: [...layers] },
    parameters: copy('parameters', parameters),
    moments: moments.map((moment, k) => copy(`moments[${k}]`, moment)),
  };
}
