/**
 * Which browser a command or a test runs in: the list of those that this machine has, best first.
 *
 * What the user names goes first, then an installed browser, because it may reach the machine's GPU
 * and is up to date, then the one that Puppeteer has downloaded, and last the one that came with
 * `npm ci`, which always works on Linux x64 and only knows a software adapter.
 */
import { access, constants } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, posix, win32 } from 'node:path';

import { BrowserError } from '../errors.ts';
import { unpackChromium, type PackagedChromium } from './packagedChromium.ts';

export type BrowserKind = 'chromium' | 'firefox';

export interface FoundBrowser {
  readonly kind: BrowserKind;
  /** For people: 'Google Chrome', or the file's name. */
  readonly name: string;
  readonly executablePath: string;
  readonly source: 'named' | 'environment' | 'installed' | 'puppeteer' | 'packaged';
  /** Variables that this browser needs beside those of this process. */
  readonly environment: Readonly<Record<string, string>>;
}

/** What the search asks of a machine; tests pass one that does not exist. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly homeFolder: string;
  isExecutable(path: string): Promise<boolean>;
  /** Where Puppeteer puts its Chrome, which need not be there. */
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
 * Puppeteer, which drives the browsers.
 * @throws {BrowserError} when it is not installed
 */
export async function importPuppeteer(): Promise<typeof import('puppeteer')> {
  try {
    return await import('puppeteer');
  } catch (error) {
    throw new BrowserError(
      "A browser is driven by the package 'puppeteer', which does not load. Run 'npm install puppeteer', or use the runtime 'node'.",
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
          "or run 'npx puppeteer browsers install chrome' (on Linux x64 'npm install @sparticuz/chromium' serves too).",
  );
}

/**
 * All browsers of the wanted kind in the order of preference, each looked for only when the one
 * before did not do.
 * @throws {BrowserError} when a browser that the user names, by argument or variable, is not there
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
  // The variable names one browser, so it does not speak about the other kind.
  if (named !== undefined && named !== '' && kindOf(named) === wanted) {
    if (!(await machine.isExecutable(named))) {
      throw new BrowserError(
        `PUPPETEER_EXECUTABLE_PATH names '${named}', which is not an executable file. Correct the variable, or unset it.`,
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

/** One line for people: which browser, where it is, and why that one. */
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

/** Where the makers' installers and the distributions put their browsers. */
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
  // PATH first: it is what the user's own shell would start.
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
