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
  /** The file's own metadata. Check it before use, because anyone may have written it. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** The header's key for metadata. A tensor cannot have this name. */
export const metadataKey = '__metadata__';

/** The format's limit. A longer header is refused without reading it, so that it cannot keep the parser busy. */
export const maxHeaderBytes = 100_000_000;

/**
 * The elements of an F32 tensor. Always a copy, because the data of a file may begin at any byte and a
 * Float32Array needs alignment. A DataView reads little-endian on every machine.
 * @param values array for the elements; default a new one
 */
export function float32Values(
  data: Uint8Array,
  values = new Float32Array(data.byteLength / 4),
): Float32Array<ArrayBuffer> {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  for (let i = 0; i < values.length; i++) values[i] = view.getFloat32(4 * i, true);
  return values;
}

/** An F32 tensor with a copy of these values. */
export function float32Tensor(shape: readonly number[], values: Float32Array): Tensor {
  const data = new Uint8Array(4 * values.length);
  const view = new DataView(data.buffer);
  for (let i = 0; i < values.length; i++) view.setFloat32(4 * i, values[i]!, true);
  return { dtype: 'F32', shape, data };
}

/** The elements of an F64 tensor, copied as {@link float32Values} does. */
export function float64Values(
  data: Uint8Array,
  values = new Float64Array(data.byteLength / 8),
): Float64Array<ArrayBuffer> {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  for (let i = 0; i < values.length; i++) values[i] = view.getFloat64(8 * i, true);
  return values;
}

/** An F64 tensor with a copy of these values. */
export function float64Tensor(shape: readonly number[], values: Float64Array): Tensor {
  const data = new Uint8Array(8 * values.length);
  const view = new DataView(data.buffer);
  for (let i = 0; i < values.length; i++) view.setFloat64(8 * i, values[i]!, true);
  return { dtype: 'F64', shape, data };
}

/** A shape for a message, such as [16, 784], shortened after 8 dimensions. */
export function describeShape(shape: readonly number[]): string {
  return `[${shape.slice(0, 8).join(', ')}${shape.length > 8 ? ', …' : ''}]`;
}
