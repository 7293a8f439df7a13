/**
 * Compiles the CPU engine's kernels, AssemblyScript in `src/cpu/assembly/`, into `src/cpu/binary.ts`: `npm run kernels`.
 *
 * The result is committed, so that tests, development server and Deno run from the sources without a build; a test
 * compiles again and compares.
 */
import { execFile as execFileWithCallback } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const execFile = promisify(execFileWithCallback);

const root = join(import.meta.dirname, '..');
// A program of its own, because the types of its interface declare the names of AssemblyScript for everybody.
const { resolve } = createRequire(import.meta.url);
const compiler = join(dirname(resolve('assemblyscript/package.json')), 'bin', 'asc.js');
const entry = 'src/cpu/assembly/index.ts';

/** What both builds have in common. */
const flags = [
  '-O3',
  '--noAssert',
  '--runtime',
  'stub',
  '--importMemory',
  // Memory that threads can share; the host asks for the other kind by changing one byte.
  '--sharedMemory',
  '--maximumMemory',
  '65536',
  '--enable',
  'threads',
  '--enable',
  'simd',
  // v128 goes between functions of the module, never to JavaScript, which this warns of.
  '--disableWarning',
  '112',
];

async function build(features: readonly string[]): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'nudge-kernels-'));
  try {
    const outFile = join(folder, 'kernels.wasm');
    const { stdout, stderr } = await execFile(
      process.execPath,
      [compiler, entry, '--outFile', outFile, ...flags, ...features],
      { cwd: root },
    );
    // Warnings count.
    if (stdout !== '' || stderr !== '') throw new Error(`${stdout}${stderr}`);
    return await readFile(outFile);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The text of `src/cpu/binary.ts`, from the sources as they are. */
export async function compileKernels(): Promise<string> {
  const [simd, relaxedSimd] = await Promise.all([build([]), build(['--enable', 'relaxed-simd'])]);
  return [
    '/** Generated from assembly/ by `npm run kernels`; do not edit. Base64 of WebAssembly. */',
    '',
    '/** Needs 128-bit SIMD. */',
    `export const simd = '${simd.toString('base64')}';`,
    '',
    '/** Needs relaxed SIMD, and multiplies and adds in one rounding where the processor does. */',
    `export const relaxedSimd = '${relaxedSimd.toString('base64')}';`,
    '',
  ].join('\n');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await writeFile(join(root, 'src/cpu/binary.ts'), await compileKernels());
}
