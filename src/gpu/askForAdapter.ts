/** An adapter, or the reason why the browser gave none. */
export interface AdapterAnswer {
  readonly adapter?: GPUAdapter;
  /** Reason from the browser, worded for the middle of a sentence; absent if it gave none. */
  readonly refusal?: string;
}

/**
 * Requests an adapter from WebGPU. It never throws, because a missing adapter is a valid answer. Firefox releases with
 * WebGPU disabled have `navigator.gpu` but reject, although the specification requires resolving to null. Some drivers
 * never answer, which counts as no adapter.
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
