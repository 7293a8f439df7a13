/** Describes a WebGPU adapter in text that is stored with results. */
import { requireObject, requireTexts } from '../network/arguments.ts';

export interface AdapterDescription {
  readonly vendor: string;
  readonly architecture: string;
  readonly description: string;
  /** Whether it computes on the CPU, like SwiftShader, llvmpipe and WARP. Its speed says nothing about a GPU. */
  readonly isSoftware: boolean;
  /** Invocations per subgroup, for kernels that use subgroups; 0 if subgroups are not supported or vary in size. */
  readonly subgroupSize: number;
}

/** Names that software implementations of graphics APIs report. */
const softwareNames = /swiftshader|llvmpipe|lavapipe|softpipe|basic render|\bwarp\b|\bcpu\b/i;

/**
 * @param info undefined in Chrome before 127, which has WebGPU but no `adapter.info`
 * @param hasSubgroups whether the adapter supports the `subgroups` feature
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

/**
 * Whether kernels are compiled at their first dispatch, as on lavapipe and WARP. GPUs and SwiftShader, whose subgroups
 * have four invocations, compile pipelines when they are created.
 */
export function compilesAtDispatch({
  isSoftware,
  subgroupSize,
}: Pick<AdapterDescription, 'isSoftware' | 'subgroupSize'>): boolean {
  return isSoftware && subgroupSize !== 4;
}

/** Returns one line, such as 'google swiftshader, SwiftShader Device (LLVM 16.0.0) (software)'. */
export function adapterName(adapter: AdapterDescription): string {
  requireObject('The description of an adapter', adapter);
  const { vendor, architecture, description, isSoftware } = adapter;
  requireTexts('The names of an adapter', [vendor, architecture, description]);
  const name = [`${vendor} ${architecture}`.trim(), description].filter(Boolean).join(', ');
  return `${name || 'an adapter that does not say its name'} (${isSoftware ? 'software' : 'hardware'})`;
}
