import { describe, expect, it } from 'vitest';

import { BrowserError } from '../../src/errors.ts';
import {
  describeBrowser,
  findBrowser,
  findBrowsers,
  type FoundBrowser,
  type Machine,
} from '../../src/node/browser.ts';

/** A machine that has just these executables. */
function machineWith(parts: {
  files?: string[];
  platform?: NodeJS.Platform;
  environment?: Record<string, string>;
  puppeteer?: string;
  packaged?: boolean;
}): Machine & { unpacked: () => boolean } {
  const { files = [], platform = 'linux', environment = { PATH: '/usr/bin' } } = parts;
  let unpacked = false;
  return {
    platform,
    environment,
    homeFolder: '/home/ada',
    isExecutable: (path) => Promise.resolve(files.includes(path)),
    puppeteerPath: () => Promise.resolve(parts.puppeteer ?? '/home/ada/.cache/puppeteer/chrome'),
    packagedChromium() {
      unpacked = true;
      if (parts.packaged !== true) return Promise.resolve(undefined);
      return Promise.resolve({
        version: '147.0.0',
        executablePath: '/cache/chromium',
        librariesPath: '/cache/lib',
        fontsPath: '/cache/fonts',
        icdPath: '/cache/icd.json',
        vulkanLoaderPath: '/cache/libvulkan.so.1',
      });
    },
    unpacked: () => unpacked,
  };
}

async function all(wanted: string, machine: Machine): Promise<FoundBrowser[]> {
  const found: FoundBrowser[] = [];
  for await (const browser of findBrowsers(wanted, machine)) found.push(browser);
  return found;
}

const everything = {
  files: [
    '/opt/my-chrome',
    '/usr/bin/google-chrome',
    '/usr/bin/chromium',
    '/usr/bin/microsoft-edge',
    '/home/ada/.cache/puppeteer/chrome',
  ],
  environment: { PATH: '/usr/bin', PUPPETEER_EXECUTABLE_PATH: '/opt/my-chrome' },
  packaged: true,
};

describe('the order in which browsers are looked for', () => {
  it("is the variable, Chrome, Chromium, Edge, Puppeteer's own, the packaged one", async () => {
    const found = await all('chromium', machineWith(everything));
    expect(found.map(({ source, executablePath }) => [source, executablePath])).toEqual([
      ['environment', '/opt/my-chrome'],
      ['installed', '/usr/bin/google-chrome'],
      ['installed', '/usr/bin/chromium'],
      ['installed', '/usr/bin/microsoft-edge'],
      ['puppeteer', '/home/ada/.cache/puppeteer/chrome'],
      ['packaged', '/cache/chromium'],
    ]);
  });

  it('does not unpack the packaged one when an earlier one will do', async () => {
    const machine = machineWith(everything);
    expect((await findBrowser('chromium', machine)).source).toBe('environment');
    expect(machine.unpacked()).toBe(false);
  });

  it('takes PATH in its own order', async () => {
    const machine = machineWith({
      files: ['/home/ada/bin/chromium', '/usr/bin/chromium'],
      environment: { PATH: '/home/ada/bin:/usr/bin' },
    });
    expect((await findBrowser('chromium', machine)).executablePath).toBe('/home/ada/bin/chromium');
  });

  it.each([
    ['darwin', '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome', {}],
    ['darwin', '/home/ada/Applications/Chromium.app/Contents/MacOS/Chromium', {}],
    [
      'win32',
      'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
      { 'PROGRAMFILES(X86)': 'C:\\Program Files (x86)' },
    ],
    [
      'win32',
      'C:\\Users\\ada\\AppData\\Local\\Google\\Chrome\\Application\\chrome.exe',
      { LOCALAPPDATA: 'C:\\Users\\ada\\AppData\\Local' },
    ],
  ] as const)('finds on %s %s', async (platform, path, environment) => {
    const machine = machineWith({ platform, files: [path], environment });
    expect(await findBrowser('chromium', machine)).toMatchObject({
      executablePath: path,
      source: 'installed',
      kind: 'chromium',
    });
  });

  it.each([
    ['linux', '/usr/bin/firefox-esr', { PATH: '/usr/bin' }],
    ['darwin', '/Applications/Firefox.app/Contents/MacOS/firefox', {}],
    ['win32', 'C:\\P\\Mozilla Firefox\\firefox.exe', { PROGRAMFILES: 'C:\\P' }],
  ] as const)('finds Firefox on %s at %s', async (platform, path, environment) => {
    const machine = machineWith({ platform, files: [path], environment });
    expect(await findBrowser('firefox', machine)).toMatchObject({
      executablePath: path,
      kind: 'firefox',
    });
  });
});

describe('a browser named by the user', () => {
  it('a path is taken as it is, and known by its name', async () => {
    const machine = machineWith({ files: ['/opt/firefox-nightly/firefox', '/opt/chrome'] });
    expect(await all('/opt/chrome', machine)).toMatchObject([
      { kind: 'chromium', source: 'named' },
    ]);
    expect(await findBrowser('/opt/firefox-nightly/firefox', machine)).toMatchObject({
      kind: 'firefox',
      name: 'firefox',
    });
  });

  it('a variable that names Firefox does not answer for Chromium, nor the other way round', async () => {
    const files = ['/usr/bin/firefox', '/usr/bin/chromium'];
    const environment = { PATH: '/usr/bin', PUPPETEER_EXECUTABLE_PATH: '/usr/bin/firefox' };
    const machine = machineWith({ files, environment });
    expect((await findBrowser('chromium', machine)).executablePath).toBe('/usr/bin/chromium');
    expect((await findBrowser('firefox', machine)).source).toBe('environment');
  });

  it('an empty variable counts as unset', async () => {
    const environment = { PATH: '/usr/bin', PUPPETEER_EXECUTABLE_PATH: '' };
    const machine = machineWith({ files: ['/usr/bin/chromium'], environment });
    expect((await findBrowser('chromium', machine)).source).toBe('installed');
  });

  it('a variable that names nothing is an error, not passed over', async () => {
    const environment = { PATH: '/usr/bin', PUPPETEER_EXECUTABLE_PATH: '/opt/gone' };
    const machine = machineWith({ files: ['/usr/bin/chromium'], environment });
    await expect(findBrowser('chromium', machine)).rejects.toThrow(
      "PUPPETEER_EXECUTABLE_PATH must name an executable file; got '/opt/gone'. Correct the variable, or unset it.",
    );
  });

  it('a path that names nothing is an error', async () => {
    await expect(findBrowser('/opt/gone', machineWith({}))).rejects.toThrow(BrowserError);
  });
});

describe('when there is none', () => {
  it('the error says how to get a Chromium', async () => {
    await expect(findBrowser('chromium', machineWith({}))).rejects.toThrow(
      /^No Chromium browser was found on this machine \(linux\)\. Install Chrome/,
    );
  });

  it('the packaged Chromium does not answer for Firefox', async () => {
    await expect(findBrowser('firefox', machineWith({ packaged: true }))).rejects.toThrow(
      /^No Firefox was found/,
    );
  });
});

it('the packaged Chromium gets its own libraries before those of the environment', async () => {
  const environment = { PATH: '/usr/bin', LD_LIBRARY_PATH: '/opt/lib' };
  const found = await findBrowser('chromium', machineWith({ packaged: true, environment }));
  expect(found.environment).toEqual({
    LD_LIBRARY_PATH: '/cache/lib:/opt/lib',
    FONTCONFIG_PATH: '/cache/fonts',
  });
});

it('a browser is described by name, place and reason', async () => {
  const found = await findBrowser('chromium', machineWith({ files: ['/usr/bin/chromium'] }));
  expect(describeBrowser(found)).toBe('Chromium at /usr/bin/chromium (installed)');
});
