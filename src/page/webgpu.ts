/** What WebGPU this browser has, and in plain words what is missing where it has none. */
import { describeAdapter, type AdapterDescription } from '../gpu/adapter.ts';
import { askForAdapter } from '../gpu/askForAdapter.ts';

export type WebGpu =
  | { readonly adapter: AdapterDescription }
  | { readonly adapter?: undefined; readonly missing: string };

const cpuAllTheSame = 'The CPU can be measured here all the same.';

const patienceMs = 10_000;

/**
 * Looks for an adapter. Never throws: having none is an answer.
 * @param gpu `navigator.gpu`
 * @param origin undefined in a secure context; elsewhere where the page came from
 */
export async function findWebGpu(
  gpu: GPU | undefined,
  insecureOrigin: string | undefined,
): Promise<WebGpu> {
  if (gpu === undefined) {
    return {
      missing:
        insecureOrigin === undefined
          ? 'This browser has no WebGPU, through which a page computes on the GPU. Chrome and Edge have it from ' +
            'version 113 (on Linux from 144, for most graphics cards), Safari from 26, Firefox from 141 on Windows ' +
            `and from 145 on Macs. ${cpuAllTheSame}`
          : 'Browsers give WebGPU, through which a page computes on the GPU, only to pages on https:// or on localhost, ' +
            `and this one came from ${insecureOrigin}. Open it there to measure the GPU. ${cpuAllTheSame}`,
    };
  }
  const { adapter, refusal } = await askForAdapter(gpu, patienceMs);
  if (!adapter) {
    return {
      missing:
        `This browser has WebGPU but found no GPU that it can use${refusal === undefined ? '' : `, and says “${refusal}”`}. ` +
        'Update the browser and the graphics driver, or turn on graphics acceleration in the browser’s settings, and ' +
        `reload. ${cpuAllTheSame}`,
    };
  }
  return { adapter: describeAdapter(adapter.info) };
}
