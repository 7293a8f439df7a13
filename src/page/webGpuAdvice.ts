/**
 * Advice for browsers that give the page no GPU. Versions are from
 * https://github.com/gpuweb/gpuweb/wiki/Implementation-Status and MDN's browser-compat-data, as of November 2026.
 */

export interface MissingWebGpu {
  readonly userAgent: string;
  /** Whether there is a `navigator.gpu`, which gave no adapter. */
  readonly hasWebGpu: boolean;
  /** The browser's reason for giving no adapter. */
  readonly refusal: string | undefined;
  /** The page's origin if it is not a secure context. */
  readonly insecureOrigin: string | undefined;
}

/** Says what is missing, then what the user of this browser can do. */
export function webGpuAdvice(missing: MissingWebGpu): string {
  const { insecureOrigin, hasWebGpu, refusal } = missing;
  const cpu = 'The CPU can be measured without a GPU.';
  if (insecureOrigin !== undefined && !hasWebGpu) {
    return (
      'Browsers allow WebGPU only on https:// addresses and on localhost, and this page came from ' +
      `${insecureOrigin}. Open it from such an address to measure the GPU. ${cpu}`
    );
  }
  const words = refusal === undefined ? '' : ` (“${refusal}”)`;
  // After several crashes of its GPU process, a browser gives no adapter until it is restarted.
  const fact = hasWebGpu
    ? `This browser has WebGPU but found no GPU that it can use${words}. If it worked before, restart the browser.`
    : 'This browser has no WebGPU, which a page needs to compute on the GPU.';
  return `${fact} ${adviceFor(missing)} ${cpu}`;
}

function adviceFor({ userAgent, hasWebGpu, refusal = '' }: MissingWebGpu): string {
  const version = (pattern: RegExp) => Number(pattern.exec(userAgent)?.[1] ?? NaN);
  // All browsers on iPhones and iPads use the system's WebKit.
  if (/iPhone|iPad/.test(userAgent)) {
    return hasWebGpu
      ? 'Turn on WebGPU in Settings › Apps › Safari › Advanced › Feature Flags, and reload.'
      : 'Update to iOS or iPadOS 26, which has WebGPU.';
  }
  if (userAgent.includes('Firefox/')) return firefoxAdvice(userAgent, hasWebGpu, refusal);
  const chromium = version(/Chrom(?:e|ium)\/(\d+)/);
  if (chromium > 0) return chromiumAdvice(userAgent, hasWebGpu, chromium);
  if (userAgent.includes('Safari/')) {
    return hasWebGpu
      ? 'Turn on WebGPU in Safari’s Settings › Feature Flags, and reload.'
      : 'Update to Safari 26 on macOS 26, which has WebGPU, or use Chrome.';
  }
  return 'Use Chrome or Edge from version 113, Safari from version 26, or Firefox from version 141 on Windows and 147 on Macs.';
}

function firefoxAdvice(userAgent: string, hasWebGpu: boolean, refusal: string): string {
  const setting = 'open about:config, set dom.webgpu.enabled to true, and restart Firefox';
  // Old releases refuse with "WebGPU is not yet available in Release or late Beta builds".
  if (/release/i.test(refusal)) return 'Update Firefox, or use Firefox Nightly.';
  if (hasWebGpu) {
    const linux = userAgent.includes('Linux')
      ? ' On Linux, install a Vulkan driver and set gfx.webgpu.ignore-blocklist to true in about:config.'
      : '';
    return `Update the graphics driver, and look at about:support for the reason.${linux}`;
  }
  if (userAgent.includes('Windows')) return `Update to Firefox 141 or newer, or ${setting}.`;
  if (userAgent.includes('Macintosh')) {
    return `Firefox has WebGPU from version 147 on Macs with Apple silicon; on other Macs, ${setting}.`;
  }
  return `Update Firefox, then ${setting}; or use Chrome or Edge.`;
}

function chromiumAdvice(userAgent: string, hasWebGpu: boolean, version: number): string {
  const isAndroid = userAgent.includes('Android');
  const isLinux = userAgent.includes('Linux') && !isAndroid;
  const scheme = userAgent.includes('Edg/') ? 'edge' : 'chrome';
  const needed = isAndroid ? 121 : isLinux ? 144 : 113;
  if (version < needed) {
    return `Update it: Chrome and Edge have WebGPU from version ${needed} on this system, and this is version ${version}.`;
  }
  if (isAndroid) {
    return 'WebGPU in Chrome needs Android 12 or newer and a GPU by ARM, Qualcomm or Intel.';
  }
  const linux = isLinux
    ? ' On Linux, Intel GPUs (Gen 12 or newer) work from version 144 and NVIDIA’s (driver 535 or newer) from version 147. For ' +
      `other GPUs, turn on ${scheme}://flags/#enable-unsafe-webgpu and ${scheme}://flags/#enable-vulkan.`
    : '';
  const first = hasWebGpu ? 'Update the graphics driver, and turn on' : 'Turn on';
  return `${first} graphics acceleration in ${scheme}://settings/system; ${scheme}://gpu lists what is off and why.${linux}`;
}
