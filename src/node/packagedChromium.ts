/**
 * The Chromium that comes with `npm ci`: @sparticuz/chromium contains a compressed headless shell, the
 * libraries that it needs on a bare Linux, and SwiftShader, a Vulkan driver that runs on the CPU. It
 * gives nudge a browser, and Dawn an adapter, on a machine that has only Node.
 *
 * The package unpacks into the temporary folder under fixed names and uses any files that it finds
 * there, including half-written files of another process. So it runs in a child process whose temporary
 * folder is a new one inside the user's cache, and the finished folder is renamed into place. A process
 * then sees the whole folder or nothing, and no other user can write into it.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { cacheFolder, writableCache } from './cacheFolder.ts';

/** Absolute paths of the parts of the unpacked package. */
export interface PackagedChromium {
  /** Version of the package, such as '147.0.0'. Its major number is Chromium's. */
  readonly version: string;
  /** Chromium's headless shell. */
  readonly executablePath: string;
  /** Folder of libnss3.so and other libraries that a bare machine lacks, for LD_LIBRARY_PATH. */
  readonly librariesPath: string;
  /** Folder of fonts.conf, for FONTCONFIG_PATH. */
  readonly fontsPath: string;
  /** The manifest of SwiftShader's Vulkan driver, for VK_ICD_FILENAMES. */
  readonly icdPath: string;
  /** libvulkan.so.1, the loader that finds the driver. */
  readonly vulkanLoaderPath: string;
}

/**
 * The packaged Chromium. The first call of a user for a version unpacks it, which takes about 2 s and 210 MB.
 * @returns undefined on other systems than Linux on x86-64, or if the package is not installed
 * @throws {Error} when it cannot be unpacked, for example because the disk is full
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
  // mkdtemp makes the folder unreadable to others. This matters for root: the package's tar reader then
  // gives the files to the user whose number is in the archive.
  const partial = await mkdtemp(join(cache, '.unpacking-'));
  try {
    await runUnpacker(entryPath, partial);
    await writeFile(join(partial, 'fonts', 'fonts.conf'), fontsConfiguration(folder));
    await rename(partial, folder);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    // If another process finished first, its folder is used.
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
      // The package unpacks the libraries for a bare machine only if it believes that it runs on AWS Lambda.
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
              `${complaint.trim()}. It needs 210 MB. Free some space, or set XDG_CACHE_HOME to a folder on another disk.`,
          ),
        );
      }
    });
  });
}

/** Replaces the package's own fonts.conf, which names /tmp/fonts although the fonts are elsewhere. */
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
