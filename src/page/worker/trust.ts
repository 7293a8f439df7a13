/**
 * Trusted types. A server's policy may demand that worker addresses come from a trusted-types policy. Bundlers find workers
 * only by the expression `new Worker(new URL(…))`, which cannot name a policy, so this is the one named 'default', which
 * browsers call by themselves.
 */

interface TrustedTypes {
  readonly defaultPolicy: unknown;
  createPolicy(name: 'default', rules: { createScriptURL(url: string): string | null }): unknown;
}

/** Allows workers from the page's own origin. */
export function trustOwnScripts(): void {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
  if (!trustedTypes || trustedTypes.defaultPolicy) return;
  trustedTypes.createPolicy('default', {
    createScriptURL: (url) => (new URL(url, location.href).origin === location.origin ? url : null),
  });
}
