import { describe, expect, it } from 'vitest';

import { mayHaveGpu } from '../../src/node/gpuDevice.ts';

describe('mayHaveGpu', () => {
  it.each(['dri/renderD128', 'nvidia0', 'dxg', 'kgsl-3d0', 'nvmap', 'mali0'])(
    'is true on a Linux with /dev/%s',
    (file) => {
      expect(mayHaveGpu('linux', () => ['null', file])).toBe(true);
    },
  );

  it('is false on a Linux without the device file of a GPU', () => {
    // A screen without a render node, as in a virtual machine, computes nothing.
    const files = ['null', 'random', 'dri/card0', 'dri/by-path', 'nvidiactl-lookalike'];
    expect(mayHaveGpu('linux', () => files)).toBe(false);
  });

  it.each(['darwin', 'win32'] as const)('is true on %s, which brings an adapter', (platform) => {
    expect(mayHaveGpu(platform, () => [])).toBe(true);
  });
});
