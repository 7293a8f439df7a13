/**
 * Bits per element of each element type of safetensors. The order is the official one of increasing
 * alignment; tensors are written in the reverse order. From `enum Dtype` of the official parser,
 * safetensors 0.8.
 */
const bits = {
  BOOL: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64,
  F64: 64,
  I64: 64,
  U64: 64,
} as const;

export type Dtype = keyof typeof bits;

export const dtypes = Object.keys(bits) as readonly Dtype[];

/** The index of `dtype` in the order of increasing alignment. */
export function alignmentRank(dtype: Dtype): number {
  return dtypes.indexOf(dtype);
}

/**
 * The size of a tensor in bytes, or a phrase that says why it has none: the product is too large for a
 * double (the official parser checks for overflow at 2⁶⁴ instead of 2⁵³), or the last byte is partly used.
 * @param shape dimensions, integers from 0; an empty shape is a single number
 */
export function tensorByteLength(
  dtype: Dtype,
  shape: readonly number[],
): number | 'more than 2⁵³ bits' | 'a part of a byte' {
  let elements = 1;
  for (const size of shape) {
    elements *= size;
    if (elements > Number.MAX_SAFE_INTEGER) return 'more than 2⁵³ bits';
  }
  const total = elements * bits[dtype];
  if (total > Number.MAX_SAFE_INTEGER) return 'more than 2⁵³ bits';
  return total % 8 === 0 ? total / 8 : 'a part of a byte';
}
