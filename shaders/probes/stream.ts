/** Kernels that stream through memory: they touch each unit of a buffer, 16 bytes, once. */
import { buffer, kernel, type Binding, type Kernel } from '../kernel.ts';
import { each } from '../wgsl.ts';

export interface StreamOptions {
  /** Length of the buffer in units of 16 bytes; a multiple of 8. */
  readonly vec4s: number;
  readonly workgroupSize: number;
}

/**
 * Units per invocation; their distance is the number of invocations. Neighbouring invocations thus access adjacent units,
 * which is fast on GPUs, and several accesses are in flight at once.
 */
const vec4sPerInvocation = 8;

/** Word w gets the value w times this factor. The values differ everywhere, and their sum has a closed form. */
export const fillFactor = 0x9e3779b1;

const read = buffer('data', 'read', 'array<vec4u>');

/** Fills a whole buffer with values that differ everywhere, because memory may handle zeros differently. */
export function fill(options: StreamOptions): Kernel {
  return stream('fill', options, [{ ...read, access: 'read_write' }], (unit) => {
    return `data[${unit}] = (vec4u(0u, 1u, 2u, 3u) + 4u * (${unit})) * ${fillFactor}u;`;
  });
}

/** Copies a whole buffer into another: reads and writes as many bytes as the buffer has. */
export function copy(options: StreamOptions): Kernel {
  const copies = buffer('copies', 'read_write', 'array<vec4u>');
  return stream('copy', options, [read, copies], (unit) => `copies[${unit}] = data[${unit}];`);
}

function stream(
  what: string,
  { vec4s, workgroupSize }: StreamOptions,
  bindings: readonly Binding[],
  statement: (unit: string) => string,
): Kernel {
  const invocations = vec4s / vec4sPerInvocation;
  const body = each(vec4sPerInvocation, (k) => {
    return `  ${statement(`invocation + ${k * invocations}u`)}`;
  });
  return kernel({
    label: `${what} ${vec4s * 16} bytes`,
    bindings,
    invocations,
    workgroupSize,
    body,
  });
}
