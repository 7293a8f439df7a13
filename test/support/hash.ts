import { createHash } from 'node:crypto';

/** SHA-256 of an array's bytes, in hexadecimal. */
export function sha256({ buffer, byteOffset, byteLength }: ArrayBufferView): string {
  return createHash('sha256')
    .update(new Uint8Array(buffer, byteOffset, byteLength))
    .digest('hex');
}
