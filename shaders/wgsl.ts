/**
 * The `wgsl` tag of wgsl-preprocessor, with its `#if ${…}` … `#endif`, and helpers for literals.
 *
 * This is the only file that imports wgsl-preprocessor: the package declares no entry point, so the import needs the
 * path of its one file.
 *
 * Conventions: `#if` selects structure. Sizes are literals, because browsers inject no guard into loops that compare
 * with a constant. Values that change between steps are in uniform or storage buffers.
 */
import { wgsl } from 'wgsl-preprocessor/wgsl-preprocessor.js';

export { wgsl };

/**
 * Returns the WGSL f32 literal of the nearest float32 value.
 * @throws {RangeError} for NaN and infinities, which have no WGSL literal
 */
export function f32(value: number): string {
  const rounded = Math.fround(value);
  if (!Number.isFinite(rounded)) throw new RangeError(`WGSL has no literal for ${value} as f32.`);
  const text = String(rounded);
  return /[.e]/.test(text) ? `${text}f` : `${text}.0f`;
}

/**
 * Returns `text(0)` to `text(count − 1)`, one per line. Used to name registers, because SwiftShader keeps arrays in
 * memory.
 */
export function each(count: number, text: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => text(index)).join('\n');
}

/** Returns the number of vec4f that `features` values take. vec4f is the unit of all storage and arithmetic. */
export function vec4s(features: number): number {
  return Math.ceil(features / 4);
}
