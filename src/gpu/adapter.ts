/** What a WebGPU adapter is, in words that fit on a result. */
import { requireObject, requireTexts } from '../network/arguments.ts';

export interface AdapterDescription {
  readonly vendor: string;
  readonly architecture: string;
  readonly description: string;
  /** Whether it computes on the CPU: SwiftShader, llvmpipe, WARP. Its speed says nothing about a GPU. */
  readonly isSoftware: boolean;
  /** Invocations of every subgroup, for kernels that use subgroups; 0 where these are missing or differ in size. */
  readonly subgroupSize: number;
}

/** The names that software implementations of the underlying graphics API give themselves. */
const softwareNames = /swiftshader|llvmpipe|lavapipe|softpipe|basic render|\bwarp\b|\bcpu\b/i;

/**
 * @param info undefined in Chrome before 127, which has WebGPU and no `adapter.info`
 * @param hasSubgroups whether the adapter has the feature
 */
export function describeAdapter(
  info: Partial<GPUAdapterInfo> | undefined,
  hasSubgroups = false,
): AdapterDescription {
  const { vendor = '', architecture = '', device = '', description = '' } = info ?? {};
  const text = [vendor, architecture, device, description].join(' ');
  return {
    vendor,
    architecture,
    description: description || device,
    isSoftware: info?.isFallbackAdapter === true || softwareNames.test(text),
    subgroupSize:
      hasSubgroups && info?.subgroupMinSize === info?.subgroupMaxSize
        ? (info?.subgroupMaxSize ?? 0)
        : 0,
  };
}

/** One line: 'google swiftshader, SwiftShader Device (LLVM 16.0.0) (software)'. */
export function adapterName(adapter: AdapterDescription): string {
  requireObject('The description of an adapter', adapter);
  const { vendor, architecture, description, isSoftware } = adapter;
  requireTexts('The names of an adapter', [vendor, architecture, description]);
  const name = [`${vendor} ${architecture}`.trim(), description].filter(Boolean).join(', ');
  return `${name || 'an adapter that does not say its name'} (${isSoftware ? 'software' : 'hardware'})`;
}
