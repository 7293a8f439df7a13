import type { Dtype } from './dtype.ts';

/** One tensor of a safetensors file. */
export interface Tensor {
  readonly dtype: Dtype;
  /** Dimensions, outermost first; empty for a single number. */
  readonly shape: readonly number[];
  /** The elements, row-major and little-endian. */
  readonly data: Uint8Array;
}

export interface SafetensorsFile {
  /** By name, in the order of their data in the file. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** What the file says about itself. Written by anyone: check it before use. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** The key of a header under which the metadata stands, and which therefore no tensor can have. */
export const metadataKey = '__metadata__';

/** The official cap: a longer header is refused unread, so that it cannot keep the parser busy. */
export const maxHeaderBytes = 100_000_000;

/**
 * The elements of an F32 tensor. Always a copy: the data of a file may begin at any byte, where a
 * Float32Array cannot, and a DataView reads little-endian on every machine.
 */
export function float32Values(data: Uint8Array): Float32Array<ArrayBuffer> {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const values = new Float32Array(data.byteLength / 4);
  for (let i = 0; i < values.length; i++) values[i] = view.getFloat32(4 * i, true);
  return values;
}

/** An F32 tensor of these values, which are copied. */
export function float32Tensor(shape: readonly number[], values: Float32Array): Tensor {
  const data = new Uint8Array(4 * values.length);
  const view = new DataView(data.buffer);
  for (let i = 0; i < values.length; i++) view.setFloat32(4 * i, values[i]!, true);
  return { dtype: 'F32', shape, data };
}

/** [16, 784], cut where a file claims more dimensions than a message can hold. */
export function describeShape(shape: readonly number[]): string {
  return `[${shape.slice(0, 8).join(', ')}${shape.length > 8 ? ', …' : ''}]`;
}
