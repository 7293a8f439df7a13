import type { ForwardLayer } from './forward.ts';
import type { HiddenDeltaLayer } from './hiddenDelta.ts';
import type { OutputDeltaLayer } from './outputDelta.ts';
import type { WeightGradientLayer } from './weightGradient.ts';

/** The layers of a step, and their offsets in its buffers. */
export interface StepLayers {
  /** One entry per layer, the first layer first. */
  readonly forward: readonly ForwardLayer[];
  readonly output: OutputDeltaLayer;
  /** Entry l computes the delta of layer l from that of layer l + 1. */
  readonly hiddenDelta: readonly HiddenDeltaLayer[];
  readonly update: readonly WeightGradientLayer[];
  /** Lengths of the buffers `activations` and `deltas`. */
  readonly activationVec4s: number;
  readonly deltaVec4s: number;
}
