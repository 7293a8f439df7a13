import { describe, expect, it } from 'vitest';

import { chromiumArguments } from '../../src/node/launchBrowser.ts';

describe('chromiumArguments', () => {
  const linux = { platform: 'linux', isRoot: false } as const;

  it('turns the sandbox off for root only', () => {
    expect(chromiumArguments('software', { ...linux, isRoot: true })).toContain('--no-sandbox');
    expect(chromiumArguments('software', linux)).not.toContain('--no-sandbox');
    expect(chromiumArguments('hardware', linux)).not.toContain('--no-sandbox');
  });

  it('forces SwiftShader for software only', () => {
    const force = '--use-webgpu-adapter=swiftshader';
    expect(chromiumArguments('software', linux)).toContain(force);
    expect(chromiumArguments('hardware', linux)).not.toContain(force);
  });

  it('asks for Vulkan on Linux and leaves the others their own way', () => {
    expect(chromiumArguments('hardware', linux).join()).toMatch(/Vulkan/);
    const mac = chromiumArguments('hardware', { platform: 'darwin', isRoot: false });
    expect(mac.join()).not.toMatch(/vulkan/i);
  });

  it('never turns off the protection against other sites', () => {
    for (const adapter of ['hardware', 'software'] as const) {
      expect(chromiumArguments(adapter, linux).join()).not.toMatch(/web-security|insecure|allow-/);
    }
  });
});
