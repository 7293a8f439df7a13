/**
 * Finds the browsers of this machine, best first, for commands and tests.
 *
 * The browser that the user names comes first. An installed one comes next, because it may reach the
 * machine's GPU and is up to date. Then comes the one that Puppeteer has downloaded. Last is the one
 * from `npm ci`, which always works on Linux x64 but has only a software adapter.
 */
import { access, constants } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, posix, win32 } from 'node:path';

import { BrowserError } from '../errors.ts';
import { unpackChromium, type PackagedChromium } from './packagedChromium.ts';

export type BrowserKind = 'chromium' | 'firefox';

export interface FoundBrowser {
  readonly kind: BrowserKind;
  /** Name to display: 'Google Chrome', or the file's name. */
  readonly name: string;
  readonly executablePath: string;
  readonly source: 'named' | 'environment' | 'installed' | 'puppeteer' | 'packaged';
  /** Environment variables that this browser needs in addition to those of this process. */
  readonly environment: Readonly<Record<string, string>>;
}

/** The search's view of a machine. Tests pass an imaginary one. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly homeFolder: string;
  isExecutable(path: string): Promise<boolean>;
  /** Path of Puppeteer's Chrome, which may not exist. */
  puppeteerPath(): Promise<string>;
  packagedChromium(): Promise<PackagedChromium | undefined>;
}

export const thisMachine: Machine = {
  platform: process.platform,
  environment: process.env,
  homeFolder: homedir(),
  isExecutable: (path) =>
    access(path, constants.X_OK).then(
      () => true,
      () => false,
    ),
  async puppeteerPath() {
    const { default: puppeteer } = await importPuppeteer();
    return puppeteer.executablePath({ browser: 'chrome' });
  },
  packagedChromium: () => unpackChromium(),
};

/**
 * Loads Puppeteer, which drives the browsers.
 * @throws {BrowserError} when it does not load
 */
export async function importPuppeteer(): Promise<typeof import('puppeteer')> {
  try {
    return await import('puppeteer');
  } catch (error) {
    throw new BrowserError(
      "The package 'puppeteer', which drives browsers, does not load. Run 'npm install puppeteer', or use the runtime 'node'.",
      { cause: error },
    );
  }
}

/**
 * The browser to use, the first of {@link findBrowsers}.
 * @param wanted a kind of browser, or the path of one
 * @throws {BrowserError} when there is none
 */
export async function findBrowser(
  wanted = 'chromium',
  machine: Machine = thisMachine,
): Promise<FoundBrowser> {
  for await (const browser of findBrowsers(wanted, machine)) return browser;
  throw new BrowserError(
    wanted === 'firefox'
      ? 'No Firefox was found on this machine. Install it, or set PUPPETEER_EXECUTABLE_PATH to its executable.'
      : `No Chromium browser was found on this machine (${machine.platform}). Install Chrome, Chromium or Edge, ` +
          'set PUPPETEER_EXECUTABLE_PATH to its executable, ' +
          "or run 'npx puppeteer browsers install chrome' (on Linux x64 also 'npm install @sparticuz/chromium').",
  );
}

/**
 * All browsers of the wanted kind in order of preference. It searches for the next one only when the
 * caller asks for it.
 * @throws {BrowserError} when a browser that the user names, by argument or variable, does not exist
 */
export async function* findBrowsers(
  wanted = 'chromium',
  machine: Machine = thisMachine,
): AsyncGenerator<FoundBrowser> {
  if (wanted !== 'chromium' && wanted !== 'firefox') {
    if (!(await machine.isExecutable(wanted))) {
      throw new BrowserError(
        `The browser '${wanted}' is neither 'chromium' nor 'firefox' nor an executable file. Name one of these.`,
      );
    }
    yield described(wanted, 'named');
    return;
  }

  const named = machine.environment.PUPPETEER_EXECUTABLE_PATH;
  // The variable names one browser, so it does not apply to the other kind.
  if (named !== undefined && named !== '' && kindOf(named) === wanted) {
    if (!(await machine.isExecutable(named))) {
      throw new BrowserError(
        `PUPPETEER_EXECUTABLE_PATH must name an executable file; got '${named}'. Correct the variable, or unset it.`,
      );
    }
    yield described(named, 'environment');
  }

  for (const { name, paths } of installedPlaces(wanted, machine)) {
    for (const path of paths) {
      if (await machine.isExecutable(path)) {
        yield { ...described(path, 'installed'), kind: wanted, name };
        break;
      }
    }
  }
  if (wanted === 'firefox') return;

  const puppeteers = await machine.puppeteerPath();
  if (await machine.isExecutable(puppeteers)) {
    yield { ...described(puppeteers, 'puppeteer'), name: "Puppeteer's Chrome" };
  }

  const packaged = await machine.packagedChromium();
  if (packaged !== undefined) {
    yield {
      kind: 'chromium',
      name: 'packaged Chromium',
      executablePath: packaged.executablePath,
      source: 'packaged',
      environment: {
        LD_LIBRARY_PATH: [packaged.librariesPath, machine.environment.LD_LIBRARY_PATH]
          .filter(Boolean)
          .join(delimiter),
        FONTCONFIG_PATH: packaged.fontsPath,
      },
    };
  }
}

/** A line to display: name and path of a browser, and why it was chosen. */
export function describeBrowser(browser: FoundBrowser): string {
  const reason = {
    named: 'as named',
    environment: 'from PUPPETEER_EXECUTABLE_PATH',
    installed: 'installed',
    puppeteer: 'downloaded by Puppeteer',
    packaged: 'from the package @sparticuz/chromium',
  }[browser.source];
  return `${browser.name} at ${browser.executablePath} (${reason})`;
}

function described(executablePath: string, source: FoundBrowser['source']): FoundBrowser {
  const name = executablePath.split(/[\\/]/).at(-1)!;
  return { kind: kindOf(executablePath), name, executablePath, source, environment: {} };
}

function kindOf(path: string): BrowserKind {
  return /firefox[^\\/]*$/i.test(path) ? 'firefox' : 'chromium';
}

interface InstalledPlace {
  readonly name: string;
  readonly paths: readonly string[];
}

/** Paths where installers and distributions put browsers. */
function installedPlaces(kind: BrowserKind, machine: Machine): InstalledPlace[] {
  const { platform, environment, homeFolder } = machine;
  if (platform === 'darwin') {
    const applications = ['/Applications', posix.join(homeFolder, 'Applications')];
    const names =
      kind === 'firefox' ? ['Firefox'] : ['Google Chrome', 'Chromium', 'Microsoft Edge'];
    return names.map((name) => ({
      name,
      paths: applications.map((folder) => {
        const executable = name === 'Firefox' ? 'firefox' : name;
        return `${folder}/${name}.app/Contents/MacOS/${executable}`;
      }),
    }));
  }
  if (platform === 'win32') {
    const roots = [
      environment.PROGRAMFILES,
      environment['PROGRAMFILES(X86)'],
      environment.LOCALAPPDATA,
    ].filter((root) => root !== undefined);
    const places =
      kind === 'firefox'
        ? [{ name: 'Firefox', path: 'Mozilla Firefox\\firefox.exe' }]
        : [
            { name: 'Google Chrome', path: 'Google\\Chrome\\Application\\chrome.exe' },
            { name: 'Chromium', path: 'Chromium\\Application\\chrome.exe' },
            { name: 'Microsoft Edge', path: 'Microsoft\\Edge\\Application\\msedge.exe' },
          ];
    return places.map(({ name, path }) => ({
      name,
      paths: roots.map((root) => win32.join(root, path)),
    }));
  }
  // PATH comes first, because the user's own shell would start that browser.
  const folders = [
    ...(environment.PATH ?? '').split(':').filter((folder) => folder !== ''),
    '/usr/bin',
    '/usr/local/bin',
    '/snap/bin',
  ];
  const everywhere = (name: string, ...files: string[]): InstalledPlace => ({
    name,
    paths: files.flatMap((file) => folders.map((folder) => posix.join(folder, file))),
  });
  return kind === 'firefox'
    ? [everywhere('Firefox', 'firefox', 'firefox-esr')]
    : [
        everywhere('Google Chrome', 'google-chrome-stable', 'google-chrome', 'chrome'),
        everywhere('Chromium', 'chromium', 'chromium-browser'),
        everywhere('Microsoft Edge', 'microsoft-edge-stable', 'microsoft-edge'),
      ];
}
