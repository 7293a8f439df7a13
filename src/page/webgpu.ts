/** Whether this browser has a GPU for the page. */
import { describeAdapter, type AdapterDescription } from '../gpu/adapter.ts';
import { askForAdapter } from '../gpu/askForAdapter.ts';

export type WebGpu =
  | { readonly adapter: AdapterDescription }
  | {
      readonly adapter?: undefined;
      /** Says what is missing and what the reader can do, for this browser. */
      readonly explain: (userAgent: string) => Promise<string>;
    };

const patienceMs = 10_000;

/**
 * Looks for an adapter. Never throws: having none is an answer.
 * @param gpu `navigator.gpu`
 * @param insecureOrigin where the page came from, if that is not a secure context
 */
export async function findWebGpu(
  gpu: GPU | undefined,
  insecureOrigin: string | undefined,
): Promise<WebGpu> {
  const { adapter, refusal } = gpu ? await askForAdapter(gpu, patienceMs) : {};
  if (adapter) return { adapter: describeAdapter(adapter.info) };
  return {
    explain: async (userAgent) => {
      const { webGpuAdvice } = await import('./webGpuAdvice.ts');
      return webGpuAdvice({ userAgent, hasWebGpu: gpu !== undefined, refusal, insecureOrigin });
    },
  };
}
