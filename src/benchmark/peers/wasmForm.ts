import type { Form } from './contender.ts';

/** The form of a library in WebAssembly. It falls short without SIMD, or with fewer threads than it was to have. */
export function wasmForm(
  library: string,
  simd: 'relaxed SIMD' | 'SIMD' | 'no SIMD',
  threads: number,
  wantedThreads: number,
): Form {
  const description = `${simd}, ${threads} thread${threads === 1 ? '' : 's'}`;
  if (simd !== 'no SIMD' && threads >= wantedThreads) return { description };
  return {
    description,
    shortfall:
      `${library} in WebAssembly ran with ${description}; this browser offers SIMD and ${wantedThreads} threads to a page that is ` +
      'cross-origin isolated. Measure in a newer browser, and look at isIsolated in the result.',
  };
}
