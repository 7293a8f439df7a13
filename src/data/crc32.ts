/** The remainder of each byte under the polynomial that gzip, zip and PNG share, bits reversed (RFC 1952, section 8). */
function remainders(): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    let remainder = byte;
    for (let bit = 0; bit < 8; bit++) {
      remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb88320 : remainder >>> 1;
    }
    return remainder;
  });
}

/**
 * CRC-32 of `bytes`, an unsigned 32-bit integer.
 *
 * @example
 * crc32(new TextEncoder().encode('123456789')).toString(16); // cbf43926
 */
export function crc32(bytes: Uint8Array): number {
  const table = remainders();
  let remainder = 0xffffffff;
  for (const byte of bytes) remainder = (remainder >>> 8) ^ table[(remainder ^ byte) & 0xff]!;
  return ~remainder >>> 0;
}
