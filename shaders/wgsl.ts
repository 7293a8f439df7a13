/**
 * The `wgsl` tag (wgsl-preprocessor's, with its `#if ${…}` … `#endif`) and helpers for literals.
 *
 * This is the only file that imports wgsl-preprocessor: the package names no entry point, so the path to its
 * one file has to be spelled out.
 *
 * What goes where: structure with `#if`, sizes as literals (a loop that compares with a constant gets no guard
 * injected by the browser), values that change between steps in a uniform or storage buffer.
 */
import { wgsl } from 'wgsl-preprocessor/wgsl-preprocessor.js';

export { wgsl };

/**
 * A WGSL f32 literal with the nearest float32 value.
 * @throws {RangeError} for NaN and infinities, which WGSL cannot write
 */
export function f32(value: number): string {
  const rounded = Math.fround(value);
  if (!Number.isFinite(rounded)) throw new RangeError(`WGSL has no literal for ${value} as f32.`);
  const text = String(rounded);
  return /[.e]/.test(text) ? `${text}f` : `${text}.0f`;
}

/** `text(0)` to `text(count − 1)`, a line each: registers need names, because SwiftShader keeps arrays in memory. */
export function each(count: number, text: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => text(index)).join('\n');
}

/** The vec4f that so many features take: the unit in which everything is stored and computed. */
export function vec4s(features: number): number {
  return Math.ceil(features / 4);
}
