import { describe, expect, it } from 'vitest';

import { adapterName, describeAdapter } from '../../src/gpu/adapter.ts';

const info = (parts: Partial<GPUAdapterInfo>) =>
  ({
    vendor: '',
    architecture: '',
    device: '',
    description: '',
    isFallbackAdapter: false,
    ...parts,
  }) as GPUAdapterInfo;

describe('an adapter', () => {
  it.each([
    [{ vendor: 'google', architecture: 'swiftshader' }],
    [{ description: 'llvmpipe (LLVM 15.0.6, 256 bits)' }],
    [{ vendor: 'microsoft', description: 'Microsoft Basic Render Driver' }],
    // Firefox names nothing, but says that it is a fallback.
    [{ isFallbackAdapter: true }],
  ])('that computes on the CPU is software: %j', (parts) => {
    expect(describeAdapter(info(parts)).isSoftware).toBe(true);
  });

  it.each([
    [{ vendor: 'nvidia', architecture: 'hopper', description: 'NVIDIA H200' }],
    [{ vendor: 'apple', architecture: 'metal-3' }],
    [{ vendor: 'intel', architecture: 'gen-12lp', device: '0x9a49' }],
    [{ vendor: 'amd', description: 'Radeon RX 7900 XT (warped)' }],
    [{}],
  ])('that does not say so is hardware: %j', (parts) => {
    expect(describeAdapter(info(parts)).isSoftware).toBe(false);
  });

  it('is named in one line, also when it does not say its name', () => {
    const nvidia = { vendor: 'nvidia', architecture: 'hopper', description: 'NVIDIA H200' };
    expect(adapterName(describeAdapter(info(nvidia)))).toBe(
      'nvidia hopper, NVIDIA H200 (hardware)',
    );
    expect(adapterName(describeAdapter(info({})))).toBe(
      'an adapter that does not say its name (hardware)',
    );
    expect(describeAdapter(undefined)).toEqual(describeAdapter(info({})));
  });
});
