import { kernel, type Kernel } from '../kernel.ts';

/**
 * Does almost nothing, but depends on the previous dispatch: one invocation adds 1. Its time is the cost of a dispatch,
 * and the final number tells how many dispatches ran.
 */
export function count(): Kernel {
  return kernel(
    'count',
    [{ name: 'counter', access: 'read_write', type: 'array<u32>' }],
    1,
    1,
    '',
    '  counter[0] = counter[0] + 1u;',
  );
}
