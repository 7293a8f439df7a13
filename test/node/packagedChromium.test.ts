import { access, constants, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterAll, beforeAll, expect, it, type TestContext } from 'vitest';

import { unpackChromium, type PackagedChromium } from '../../src/node/packagedChromium.ts';

const isSupported = process.platform === 'linux' && process.arch === 'x64';
let cacheFolder: string;
beforeAll(async () => {
  cacheFolder = await mkdtemp(join(tmpdir(), 'nudge-cache-'));
});
afterAll(() => rm(cacheFolder, { recursive: true }));

function onlyWhereSupported(context: TestContext): void {
  context.skip(!isSupported, 'the packaged Chromium is for Linux x64 only');
}

async function expectWhole(packaged: PackagedChromium | undefined): Promise<void> {
  const { executablePath, librariesPath, fontsPath, icdPath, vulkanLoaderPath } = packaged!;
  await access(executablePath, constants.X_OK);
  await access(join(librariesPath, 'libnss3.so'));
  await access(vulkanLoaderPath);
  // The manifest names the driver beside itself.
  const icd = JSON.parse(await readFile(icdPath, 'utf8')) as { ICD: { library_path: string } };
  await access(join(dirname(icdPath), icd.ICD.library_path));
  const folder = /<dir>(.*fonts)<\/dir>/.exec(
    await readFile(join(fontsPath, 'fonts.conf'), 'utf8'),
  )?.[1];
  expect(await readdir(folder!)).not.toEqual([]);
}

it('unpacked by two at once, it is whole for both and unpacked to one place', async (context) => {
  onlyWhereSupported(context);
  const [first, second] = await Promise.all([
    unpackChromium({ cacheFolder }),
    unpackChromium({ cacheFolder }),
  ]);
  expect(second).toEqual(first);
  await expectWhole(first);
  expect(await readdir(cacheFolder)).toEqual([`chromium-${first!.version}`]);
});

it('an unpacked Chromium is used as it is', async (context) => {
  onlyWhereSupported(context);
  const again = await unpackChromium({ cacheFolder });
  expect(again!.executablePath).toBe(join(cacheFolder, `chromium-${again!.version}`, 'chromium'));
});

it('where the cache cannot be written, a temporary folder serves', async (context) => {
  onlyWhereSupported(context);
  // What a service without a home folder has: HOME=/dev/null.
  const packaged = await unpackChromium({ cacheFolder: '/dev/null/.cache/nudge' });
  await expectWhole(packaged);
  expect(packaged!.executablePath.startsWith(tmpdir())).toBe(true);
  await rm(join(dirname(packaged!.executablePath), '..'), { recursive: true });
});
