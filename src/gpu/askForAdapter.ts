/** An adapter, or what the browser said instead. */
export interface AdapterAnswer {
  readonly adapter?: GPUAdapter;
  /** In the browser's words, for the middle of a sentence; absent where it gave none without a word. */
  readonly refusal?: string;
}

/**
 * Asks WebGPU for an adapter. Never throws: having none is an answer. Releases of Firefox whose WebGPU is switched off
 * have `navigator.gpu` and reject, where the specification has them resolve to null; and some drivers leave the
 * question unanswered for ever, which is as good as none.
 */
export async function askForAdapter(gpu: GPU, patienceMs: number): Promise<AdapterAnswer> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<AdapterAnswer>((resolve) => {
    timer = setTimeout(() => {
      resolve({ refusal: `no answer within ${patienceMs / 1000} s` });
    }, patienceMs);
  });
  const asked = gpu.requestAdapter({ powerPreference: 'high-performance' }).then(
    (adapter): AdapterAnswer => (adapter ? { adapter } : {}),
    (error: unknown): AdapterAnswer => ({
      refusal: (error instanceof Error ? error.message : String(error)).replace(/\.$/, ''),
    }),
  );
  const answer = await Promise.race([asked, silence]);
  clearTimeout(timer);
  return answer;
}
