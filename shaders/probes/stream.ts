/** Options shared by the kernels that stream through memory. */

export interface StreamOptions {
  /** Length of the buffer in units of 16 bytes; a multiple of `vec4sPerInvocation`. */
  readonly vec4s: number;
  readonly workgroupSize: number;
}

/**
 * Units of 16 bytes per invocation; their distance is the number of invocations. Neighbouring invocations thus access
 * adjacent units, which is fast on GPUs, and several accesses are in flight at once.
 */
export const vec4sPerInvocation = 8;
