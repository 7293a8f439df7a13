import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { PythonLibrary } from '../../src/node/pythonPeers.ts';

export const openBlas: PythonLibrary = {
  ...{ library: 'NumPy', blas: 'OpenBLAS', gigaflops: 120, elementGigaflops: 8 },
};

/**
 * Writes a program that stands in for Python with NumPy. Every cost that it returns is 2.
 * @param special JavaScript that may return another answer to `request`, or end the process
 * @returns its path
 */
export async function writeFakePython(folder: string, special = ''): Promise<string> {
  const path = join(folder, 'python');
  const description = {
    ...{ notes: ['PyTorch was not measured.'], libraries: [openBlas], backends: ['numpy'] },
  };
  const code = `#!${process.execPath}
const lines = require('node:readline').createInterface({ input: process.stdin });
const plain = {
  describe: ${JSON.stringify(description)},
  train: { cost: 2, seconds: 0.125 },
  form: 'NumPy, 1.24.2',
};
const special = (request) => { ${special} };
lines.on('line', (line) => {
  const request = JSON.parse(line);
  const answer = special(request) ?? { type: 'done', value: plain[request.type] ?? null };
  process.stdout.write(JSON.stringify(answer) + '\\n');
});`;
  await writeFile(path, code, { mode: 0o755 });
  return path;
}
