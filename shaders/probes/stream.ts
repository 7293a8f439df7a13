/** What the kernels that stream through memory share. */

export interface StreamOptions {
  /** Length of the buffer in units of 16 bytes; a multiple of `vec4sPerInvocation`. */
  readonly vec4s: number;
  readonly workgroupSize: number;
}

/**
 * Units of 16 bytes that an invocation takes, as far apart as there are invocations: neighbours then read and write
 * next to each other, which is how GPUs want it, and several accesses are under way at once.
 */
export const vec4sPerInvocation = 8;
