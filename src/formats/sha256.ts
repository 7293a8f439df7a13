import { ConfigurationError } from '../errors.ts';
import { requireBytes } from '../network/arguments.ts';

/**
 * SHA-256 as 64 lower-case hexadecimal digits. The platform computes it, in browsers, Node and Deno alike.
 * @throws {ConfigurationError} in a page from an insecure origin, because browsers have no `crypto.subtle` there
 */
export async function sha256(bytes: Uint8Array): Promise<string> {
  requireBytes('The data of SHA-256', bytes);
  const { crypto } = globalThis as { readonly crypto?: Partial<Crypto> };
  if (!crypto?.subtle) {
    throw new ConfigurationError(
      'SHA-256 needs crypto.subtle, which browsers have only on secure pages. Open the page over https or from localhost.',
    );
  }
  // The platform refuses to digest memory shared between threads, so it is copied first.
  const owned =
    bytes.buffer instanceof ArrayBuffer
      ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      : new Uint8Array(bytes);
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', owned));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
