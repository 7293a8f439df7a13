import { vec4s } from '../../../shaders/wgsl.ts';
import type { Worst } from './samples.ts';

/** Padding that an update touched would leak into the next forward pass. */
export function requireLayerPaddingZero(
  found: Float32Array,
  inputs: number,
  outputs: number,
  worst: Worst,
): void {
  const stride = 4 * vec4s(outputs);
  const biasRow = 4 * vec4s(inputs);
  found.forEach((value, at) => {
    const row = Math.floor(at / stride);
    const isPadding = at % stride >= outputs || (row >= inputs && row < biasRow);
    if (isPadding) worst.note(value, 0, 0);
  });
}
