/**
 * Starts a browser without a window, with WebGPU on.
 *
 * Chromium takes orders through a pipe rather than a port: nobody else can connect to it, and it
 * ends by itself when the pipe closes, so that even a killed nudge leaves no browser behind.
 */
import type { Browser, LaunchOptions } from 'puppeteer';

import { BrowserError } from '../errors.ts';
import { importPuppeteer, type FoundBrowser } from './browser.ts';

export interface LaunchBrowserOptions {
  /**
   * `hardware` lets the browser pick its adapter, with the flags that allow a GPU without a display;
   * `software` forces SwiftShader. Firefox takes what the machine's Vulkan drivers give either way.
   */
  readonly adapter: 'hardware' | 'software';
  /** Whether SIGINT, SIGTERM and SIGHUP close the browser and end this process. @defaultValue true */
  readonly handleSignals?: boolean;
}

/**
 * A running browser; `close()` it.
 * @throws {BrowserError} when it does not start within 30 s, with what it said
 */
export async function launchBrowser(
  found: FoundBrowser,
  options: LaunchBrowserOptions,
): Promise<Browser> {
  const { handleSignals = true } = options;
  const { default: puppeteer } = await importPuppeteer();
  const common: LaunchOptions = {
    executablePath: found.executablePath,
    env: { ...process.env, ...found.environment },
    handleSIGINT: handleSignals,
    handleSIGTERM: handleSignals,
    handleSIGHUP: handleSignals,
    // A job runs as long as it runs; the session watches over it by other means.
    protocolTimeout: 0,
  };
  try {
    if (found.kind === 'firefox') {
      return await puppeteer.launch({
        ...common,
        browser: 'firefox',
        headless: true,
        extraPrefsFirefox: { 'dom.webgpu.enabled': true, 'gfx.webgpu.ignore-blocklist': true },
      });
    }
    return await puppeteer.launch({
      ...common,
      browser: 'chrome',
      // The packaged one is a headless shell, which knows no other mode.
      headless: found.source === 'packaged' ? 'shell' : true,
      pipe: true,
      args: chromiumArguments(options.adapter),
    });
  } catch (error) {
    throw new BrowserError(
      `${found.name} at ${found.executablePath} does not start: ${(error as Error).message.trim()} ` +
        'Set PUPPETEER_EXECUTABLE_PATH to another browser, or use the runtime node.',
      { cause: error },
    );
  }
}

/** Chromium's flags beyond Puppeteer's own. */
export function chromiumArguments(
  adapter: LaunchBrowserOptions['adapter'],
  machine: { readonly platform: NodeJS.Platform; readonly isRoot: boolean } = {
    platform: process.platform,
    isRoot: process.getuid?.() === 0,
  },
): string[] {
  const isLinux = machine.platform === 'linux';
  return [
    // Linux counts as unsafe as long as Chromium has not tested its drivers.
    '--enable-unsafe-webgpu',
    '--disable-component-update',
    // Linux reaches the GPU, and the packaged Chromium SwiftShader, through Vulkan only.
    ...(isLinux ? ['--enable-features=Vulkan'] : []),
    ...(adapter === 'software' ? ['--use-webgpu-adapter=swiftshader'] : []),
    // A Vulkan surface needs a display, which a machine that only computes does not have.
    ...(adapter === 'hardware' && isLinux
      ? ['--use-angle=vulkan', '--disable-vulkan-surface']
      : []),
    // Chromium refuses to run as root inside its sandbox.
    ...(machine.isRoot ? ['--no-sandbox'] : []),
  ];
}
