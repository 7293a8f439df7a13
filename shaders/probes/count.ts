import { kernel, type Kernel } from '../kernel.ts';

/**
 * As good as nothing, that depends on the dispatch before it: one invocation adds 1. What it takes is what a
 * dispatch takes, and the number left behind says how many were made.
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
