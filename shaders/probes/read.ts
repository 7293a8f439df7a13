import { buffer, kernel, type Kernel } from '../kernel.ts';
import { each } from '../wgsl.ts';
import type { StreamOptions } from './stream.ts';

export interface ReadOptions extends StreamOptions {
  /** Length of the buffer in units of 16 bytes; a power of two. */
  readonly vec4s: number;
  /** A multiple of `workgroupSize`. */
  readonly invocations: number;
  /** Units of 16 bytes that each invocation reads; a multiple of 8. */
  readonly loads: number;
}

/** Loads in the loop body. */
const unrolled = 8;

/**
 * Reads `invocations × loads` units from a buffer and writes one sum per invocation. Neighbouring invocations read
 * adjacent units. The next load of each is a whole grid plus one workgroup further, wrapping around at the end.
 * Therefore a large buffer is read from end to end, and a small one comes from caches but never from registers.
 */
export function read({ vec4s, invocations, loads, workgroupSize }: ReadOptions): Kernel {
  const stride = invocations + workgroupSize;
  return kernel({
    label: `read ${invocations * loads * 16} bytes of ${vec4s * 16}`,
    bindings: [
      buffer('data', 'read', 'array<vec4u>'),
      buffer('sums', 'read_write', 'array<vec4u>'),
    ],
    ...{ invocations, workgroupSize },
    body: /* wgsl */ `
  var sum = vec4u();
  for (var i = 0u; i < ${loads / unrolled}u; i++) {
    let first = invocation + i * ${unrolled * stride}u;
${each(unrolled, (k) => `    sum += data[(first + ${k * stride}u) & ${vec4s - 1}u];`)}
  }
  sums[invocation] = sum;`,
  });
}
