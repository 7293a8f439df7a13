/**
 * Starts a browser without a window and with WebGPU enabled.
 *
 * nudge controls Chromium through a pipe instead of a port. No other process can connect to it, and
 * Chromium ends when the pipe closes, so even a killed nudge leaves no browser behind.
 */
import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';

import type { Browser, LaunchOptions, PuppeteerNode } from 'puppeteer';

import { BrowserError } from '../errors.ts';
import { importPuppeteer, type FoundBrowser } from './browser.ts';
import { TemporaryFolder } from './temporaryFolder.ts';

export interface LaunchBrowserOptions {
  /**
   * `hardware` lets the browser choose its adapter, with the flags that allow a GPU without a display.
   * `software` forces SwiftShader. Firefox always uses the machine's Vulkan drivers.
   */
  readonly adapter: 'hardware' | 'software';
  /** Whether SIGINT, SIGTERM and SIGHUP end this process (with 128 + the signal's number) and the browser. @defaultValue true */
  readonly handleSignals?: boolean;
  /** Folder of the browser's profile, which stays. @defaultValue a temporary one, which goes with the browser */
  readonly profile?: string;
}

/**
 * Starts a browser. Close it with {@link closeBrowser}.
 * @throws {BrowserError} when it does not start within 30 s; the message has the browser's own output
 */
export async function launchBrowser(
  found: FoundBrowser,
  options: LaunchBrowserOptions,
): Promise<Browser> {
  const { default: puppeteer } = await importPuppeteer();
  const own =
    options.profile === undefined ? await TemporaryFolder.create('nudge-profile-') : undefined;
  let browser: Browser;
  try {
    browser = await start(puppeteer, found, options.adapter, options.profile ?? own!.path);
  } catch (error) {
    own?.dispose();
    throw error;
  }
  own?.removeAtExit();
  browser.process()?.once('exit', () => own?.dispose());
  if (options.handleSignals ?? true) exitOnSignals(browser);
  return browser;
}

/**
 * Calls `process.exit` on a signal. Puppeteer ends the browser at exit. Puppeteer's own handling of SIGTERM would leave
 * the process running.
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
    // A job may run for any time. The session detects failures in other ways.
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
      // The packaged Chromium is a headless shell, which has no other mode.
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

/** Closes a browser, and kills what does not end within 5 s. */
export async function closeBrowser(browser: Browser): Promise<void> {
  const main = browser.process();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, 5_000);
  });
  // Closing fails if the browser has crashed, which is fine.
  await Promise.race([browser.close().catch(() => undefined), late]);
  clearTimeout(timer);
  if (main) killAll(main);
}

/**
 * Kills a browser's processes. One that hangs, such as the GPU process, outlives the main process and keeps its pipes open,
 * so that this process would not end.
 */
function killAll(main: ChildProcess): void {
  if (process.platform === 'win32') {
    main.kill('SIGKILL');
    return;
  }
  try {
    // Puppeteer makes the main process the leader of a process group.
    process.kill(-main.pid!, 'SIGKILL');
  } catch {
    // All have ended.
  }
}

/** Chromium's flags in addition to Puppeteer's. */
export function chromiumArguments(
  adapter: LaunchBrowserOptions['adapter'],
  machine: { readonly platform: NodeJS.Platform; readonly isRoot: boolean } = {
    platform: process.platform,
    isRoot: process.getuid?.() === 0,
  },
): string[] {
  const isLinux = machine.platform === 'linux';
  return [
    // Chromium considers WebGPU unsafe on Linux until it has tested the drivers.
    '--enable-unsafe-webgpu',
    '--disable-component-update',
    // Training goes on after a crash of the GPU process. After a few, Chromium would refuse WebGPU to the page's domain, and
    // start a GPU process without it.
    '--disable-domain-blocking-for-3d-apis',
    '--disable-gpu-process-crash-limit',
    // On Linux, Chromium reaches the GPU only through Vulkan, and the packaged Chromium also SwiftShader.
    ...(isLinux ? ['--enable-features=Vulkan'] : []),
    ...(adapter === 'software' ? ['--use-webgpu-adapter=swiftshader'] : []),
    // A Vulkan surface needs a display, which a server does not have.
    ...(adapter === 'hardware' && isLinux
      ? ['--use-angle=vulkan', '--disable-vulkan-surface']
      : []),
    // Chromium's sandbox does not work for root.
    ...(machine.isRoot ? ['--no-sandbox'] : []),
  ];
}

/** The reason that the browser gave, and what to do about it. */
function nextStep(error: Error): string {
  const said = error.message.trim();
  if (said.includes('No usable sandbox')) {
    return (
      "This system does not allow its sandbox. Install Google's Chrome package, which adds the permission, " +
      'allow user namespaces with sysctl kernel.apparmor_restrict_unprivileged_userns=0, ' +
      'or set PUPPETEER_DANGEROUS_NO_SANDBOX=true to run without a sandbox, because nudge opens only its own pages.'
    );
  }
  return `It reports: ${said}\nSet PUPPETEER_EXECUTABLE_PATH to another browser, or use the runtime node.`;
}
