/**
 * Trusted types, where a server's policy asks for them: the address of a worker's program is then taken from a policy
 * alone. Bundlers find workers by the words `new Worker(new URL(…))` and by no others, so the policy is the one by the name
 * of 'default', which browsers ask by themselves. It knows files beside the page's own and nothing else.
 */

interface TrustedTypes {
  readonly defaultPolicy: unknown;
  createPolicy(name: 'default', rules: { createScriptURL(url: string): string | null }): unknown;
}

/** Lets the page start workers of its own origin. */
export function trustOwnScripts(): void {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
  if (!trustedTypes || trustedTypes.defaultPolicy) return;
  trustedTypes.createPolicy('default', {
    createScriptURL: (url) => (new URL(url, location.href).origin === location.origin ? url : null),
  });
}
