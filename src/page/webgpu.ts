/** Finds out whether this browser has a GPU for the page. */
import { describeAdapter, type AdapterDescription } from '../gpu/adapter.ts';
import { askForAdapter } from '../gpu/askForAdapter.ts';

export interface WebGpu {
  readonly adapter?: AdapterDescription;
  /** Says why there is no adapter, and what the reader of this browser can do. */
  readonly explain: (userAgent: string) => Promise<string>;
}

const patienceMs = 10_000;

/**
 * Looks for an adapter. Never throws.
 * @param gpu `navigator.gpu`
 * @param insecureOrigin the page's origin if it is not a secure context
 */
export async function findWebGpu(
  gpu: GPU | undefined,
  insecureOrigin: string | undefined,
): Promise<WebGpu> {
  const { adapter, refusal } = gpu ? await askForAdapter(gpu, patienceMs) : {};
  return {
    ...(adapter && { adapter: describeAdapter(adapter.info) }),
    explain: async (userAgent) => {
      const { webGpuAdvice } = await import('./webGpuAdvice.ts');
      return webGpuAdvice({ userAgent, hasWebGpu: gpu !== undefined, refusal, insecureOrigin });
    },
  };
}
