/**
 * How a gradient becomes an update: PyTorch's definitions. Each optimizer is a module of `optimizers/`, registered here; its
 * SIMD form for the CPU stands in `src/cpu/assembly/update.ts`.
 *
 * Weight decay applies to all parameters, biases too, as PyTorch's does unless told otherwise.
 */
import { adam, adamDefinition, adamW, type Adam } from './optimizers/adam.ts';
import { sgd, sgdDefinition, type Sgd } from './optimizers/sgd.ts';

export { adam, adamW, type Adam, type AdamOptions } from './optimizers/adam.ts';
export { sgd, type Sgd, type SgdOptions } from './optimizers/sgd.ts';

export type Optimizer = Sgd | Adam;

/** All optimizers by their kind: the function that makes one, and what it is to engines and checks. */
export const optimizers = {
  sgd: { make: sgd, definition: sgdDefinition },
  adam: { make: adam, definition: adamDefinition },
  adamW: { make: adamW, definition: adamDefinition },
};
