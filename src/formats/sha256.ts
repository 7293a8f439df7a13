import { ConfigurationError } from '../errors.ts';
import { requireBytes } from '../network/arguments.ts';

/**
 * SHA-256 as 64 lower-case hexadecimal digits. Computed by the platform, the same in browsers, Node and Deno.
 * @throws {ConfigurationError} in a web page from an insecure origin, where browsers withhold `crypto.subtle`
 */
export async function sha256(bytes: Uint8Array): Promise<string> {
  requireBytes('What SHA-256 is made of', bytes);
  const { crypto } = globalThis as { readonly crypto?: Partial<Crypto> };
  if (!crypto?.subtle) {
    throw new ConfigurationError(
      'SHA-256 needs crypto.subtle, which browsers give only to secure pages. Open the page over https or from localhost.',
    );
  }
  // Digesting memory shared with other threads is not allowed, so that is copied first.
  const owned =
    bytes.buffer instanceof ArrayBuffer
      ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      : new Uint8Array(bytes);
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', owned));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
