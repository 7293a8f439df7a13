/**
 * The Chromium that comes with `npm ci`: @sparticuz/chromium holds a compressed headless shell, the
 * libraries that it needs on a bare Linux, and SwiftShader, a Vulkan driver that runs on the CPU. It
 * gives nudge a browser, and Dawn an adapter, on a machine with nothing but Node.
 *
 * The package unpacks into the temporary folder under fixed names and takes whatever lies there for
 * its own, half-written files of another process included. So it is run in a child process whose
 * temporary folder is a fresh one inside the user's cache, and the finished folder is renamed into
 * place: a process sees the whole of it or nothing, and no other user can write into it.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { cacheFolder, writableCache } from './cacheFolder.ts';

/** Where the parts of the unpacked package lie. All are absolute paths. */
export interface PackagedChromium {
  /** Of the package, whose major is Chromium's: '147.0.0'. */
  readonly version: string;
  /** Chromium's headless shell. */
  readonly executablePath: string;
  /** Folder of libnss3.so and the others that a bare machine lacks, for LD_LIBRARY_PATH. */
  readonly librariesPath: string;
  /** Folder of fonts.conf, for FONTCONFIG_PATH. */
  readonly fontsPath: string;
  /** The manifest of SwiftShader's Vulkan driver, for VK_ICD_FILENAMES. */
  readonly icdPath: string;
  /** libvulkan.so.1, the loader that finds the driver. */
  readonly vulkanLoaderPath: string;
}

/**
 * The packaged Chromium, unpacked when it is not yet (about 2 s and 210 MB, once per user and version).
 * @returns undefined where there is none: another system than Linux on x86-64, or the package is not installed
 * @throws {Error} when it cannot be unpacked, such as a full disk
 */
export async function unpackChromium(
  options: { readonly cacheFolder?: string } = {},
): Promise<PackagedChromium | undefined> {
  const found = locatePackage();
  if (found === undefined) return undefined;
  const { version } = JSON.parse(await readFile(found.manifestPath, 'utf8')) as { version: string };

  const cache = await writableCache(options.cacheFolder ?? cacheFolder());
  const folder = join(cache, `chromium-${version}`);
  if (!existsSync(folder)) await unpackInto(folder, cache, found.entryPath);
  return {
    version,
    executablePath: join(folder, 'chromium'),
    librariesPath: join(folder, 'al2023', 'lib'),
    fontsPath: join(folder, 'fonts'),
    icdPath: join(folder, 'vk_swiftshader_icd.json'),
    vulkanLoaderPath: join(folder, 'libvulkan.so.1'),
  };
}

function locatePackage(): { entryPath: string; manifestPath: string } | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  try {
    const entryPath = createRequire(import.meta.url).resolve('@sparticuz/chromium');
    // The package exports only its entry, build/cjs/index.cjs, so its manifest is found from there.
    return { entryPath, manifestPath: join(dirname(entryPath), '..', '..', 'package.json') };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

async function unpackInto(folder: string, cache: string, entryPath: string): Promise<void> {
  // mkdtemp makes the folder unreadable to others, which matters: running as root, the package's
  // tar reader hands the files to whichever user has the number of the one who packed them.
  const partial = await mkdtemp(join(cache, '.unpacking-'));
  try {
    await runUnpacker(entryPath, partial);
    await writeFile(join(partial, 'fonts', 'fonts.conf'), fontsConfiguration(folder));
    await rename(partial, folder);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    // Another process was quicker, and its folder is as good.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
  }
}

function runUnpacker(entryPath: string, folder: string): Promise<void> {
  const script = 'require(process.argv[1]).executablePath()';
  const child = spawn(
    process.execPath,
    ['--input-type=commonjs', '--unhandled-rejections=strict', '--eval', script, entryPath],
    {
      // It unpacks the libraries of a bare machine only where it believes to be on AWS Lambda.
      env: { PATH: process.env.PATH, TMPDIR: folder, AWS_LAMBDA_JS_RUNTIME: 'nodejs22.x' },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else {
        reject(
          new Error(
            `The packaged Chromium could not be unpacked into ${folder} (exit code ${code ?? 'none'}): ` +
              `${complaint.trim()}. It needs 210 MB; free some, or set XDG_CACHE_HOME to a folder with room.`,
          ),
        );
      }
    });
  });
}

/** The package's own fonts.conf names /tmp/fonts, where its fonts are not. */
function fontsConfiguration(folder: string): string {
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${escapeXml(join(folder, 'fonts', 'fonts'))}</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>${escapeXml(join(folder, 'fonts', 'cache'))}</cachedir>
</fontconfig>
`;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
