import { buffer, kernel, type Kernel } from '../kernel.ts';

/**
 * Does almost nothing, but depends on the previous dispatch: one invocation adds 1. Its time is the cost of a dispatch,
 * and the final number tells how many dispatches ran.
 */
export function count(): Kernel {
  return kernel({
    label: 'count',
    bindings: [buffer('counter', 'read_write', 'array<u32>')],
    ...{ invocations: 1, workgroupSize: 1 },
    body: '  counter[0] = counter[0] + 1u;',
  });
}
