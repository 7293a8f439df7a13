/**
 * Starts a browser without a window, with WebGPU on.
 *
 * Chromium takes orders through a pipe rather than a port: no other process can connect to it, and it
 * ends by itself when the pipe closes, so that even a killed nudge leaves no browser behind.
 */
import { constants } from 'node:os';

import type { Browser, LaunchOptions, PuppeteerNode } from 'puppeteer';

import { BrowserError } from '../errors.ts';
import { importPuppeteer, type FoundBrowser } from './browser.ts';
import { TemporaryFolder } from './temporaryFolder.ts';

export interface LaunchBrowserOptions {
  /**
   * `hardware` lets the browser pick its adapter, with the flags that allow a GPU without a display;
   * `software` forces SwiftShader. Firefox takes what the machine's Vulkan drivers give either way.
   */
  readonly adapter: 'hardware' | 'software';
  /** Whether SIGINT, SIGTERM and SIGHUP end this process and the browser with it, exit code 130 and so on. @defaultValue true */
  readonly handleSignals?: boolean;
}

/**
 * A running browser, for {@link closeBrowser}.
 * @throws {BrowserError} when it does not start within 30 s, with what it said
 */
export async function launchBrowser(
  found: FoundBrowser,
  options: LaunchBrowserOptions,
): Promise<Browser> {
  const { default: puppeteer } = await importPuppeteer();
  const profile = await TemporaryFolder.create('nudge-profile-');
  let browser: Browser;
  try {
    browser = await start(puppeteer, found, options.adapter, profile.path);
  } catch (error) {
    profile.dispose();
    throw error;
  }
  profile.removeAtExit();
  browser.process()?.once('exit', () => profile.dispose());
  if (options.handleSignals ?? true) exitOnSignals(browser);
  return browser;
}

/**
 * Ends the process when a signal asks for it, by `exit`, upon which Puppeteer ends the browser. Puppeteer's own handling of SIGTERM would leave the process running.
 */
function exitOnSignals(browser: Browser): void {
  const exit = (signal: NodeJS.Signals) => process.exit(128 + constants.signals[signal]);
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.once(signal, exit);
  browser.once('disconnected', () => {
    for (const signal of signals) process.off(signal, exit);
  });
}

async function start(
  puppeteer: PuppeteerNode,
  found: FoundBrowser,
  adapter: LaunchBrowserOptions['adapter'],
  profile: string,
): Promise<Browser> {
  const common: LaunchOptions = {
    executablePath: found.executablePath,
    userDataDir: profile,
    env: { ...process.env, ...found.environment },
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
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
      args: chromiumArguments(adapter),
    });
  } catch (error) {
    throw new BrowserError(
      `${found.name} at ${found.executablePath} does not start. ${nextStep(error as Error)}`,
      { cause: error },
    );
  }
}

/** Ends a browser, by force when it does not end by itself within 5 s. */
export async function closeBrowser(browser: Browser): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const force = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      browser.process()?.kill('SIGKILL');
      resolve();
    }, 5_000);
  });
  // A browser that has crashed cannot be closed, and needs not be.
  await Promise.race([browser.close().catch(() => undefined), force]);
  clearTimeout(timer);
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

/** What Chromium said on its way out, cut to the point, and what to do about it. */
function nextStep(error: Error): string {
  const said = error.message.trim();
  if (said.includes('No usable sandbox')) {
    return (
      'This system does not let it build its sandbox. Install Chrome from its maker, which brings the permission, ' +
      'allow user namespaces with sysctl kernel.apparmor_restrict_unprivileged_userns=0, ' +
      'or set PUPPETEER_DANGEROUS_NO_SANDBOX=true to do without, as only pages of nudge itself are opened.'
    );
  }
  return `It says: ${said}\nSet PUPPETEER_EXECUTABLE_PATH to another browser, or use the runtime node.`;
}
