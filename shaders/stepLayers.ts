import type { ForwardLayer } from './forward.ts';
import type { HiddenDeltaLayer } from './hiddenDelta.ts';
import type { OutputDeltaLayer } from './outputDelta.ts';
import type { WeightGradientLayer } from './weightGradient.ts';

/** The layers of a step, and where in its buffers each has its part. */
export interface StepLayers {
  /** Of each layer, from the first. */
  readonly forward: readonly ForwardLayer[];
  readonly output: OutputDeltaLayer;
  /** Entry l is the way from the delta of layer l + 1 to that of layer l. */
  readonly hiddenDelta: readonly HiddenDeltaLayer[];
  readonly update: readonly WeightGradientLayer[];
  /** Lengths of the buffers `activations` and `deltas`. */
  readonly activationVec4s: number;
  readonly deltaVec4s: number;
}
