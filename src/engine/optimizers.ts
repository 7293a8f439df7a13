/**
 * The optimizers, with PyTorch's definitions. Each optimizer is a module in `optimizers/` and is registered here. Its
 * SIMD form for the CPU is in `src/cpu/assembly/update.ts`.
 *
 * Weight decay applies to all parameters, biases included, like PyTorch's default.
 */
import { adam, adamDefinition, adamW, type Adam } from './optimizers/adam.ts';
import { sgd, sgdDefinition, type Sgd } from './optimizers/sgd.ts';

export { adam, adamW, type Adam, type AdamOptions } from './optimizers/adam.ts';
export { sgd, type Sgd, type SgdOptions } from './optimizers/sgd.ts';

export type Optimizer = Sgd | Adam;

/** All optimizers by kind: the function that creates one, and its definition for engines and checks. */
export const optimizers = {
  sgd: { make: sgd, definition: sgdDefinition },
  adam: { make: adam, definition: adamDefinition },
  adamW: { make: adamW, definition: adamDefinition },
};
