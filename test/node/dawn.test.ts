import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { expect, it } from 'vitest';

it('without the package webgpu, the error names the command that installs it', async () => {
  // The sources, somewhere with no node_modules in reach.
  const folder = await mkdtemp(join(tmpdir(), 'nudge-without-dawn-'));
  try {
    const sources = fileURLToPath(new URL('../../src', import.meta.url));
    await cp(sources, join(folder, 'src'), { recursive: true });
    await writeFile(
      join(folder, 'main.ts'),
      `import { createGpu } from './src/node/dawn.ts';
       import { NoAdapterError } from './src/errors.ts';
       createGpu().catch((error: Error) => {
         console.log(error instanceof NoAdapterError, error.message);
       });`,
    );
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    const tsx = import.meta.resolve('tsx');
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--import',
      tsx,
      join(folder, 'main.ts'),
    ]);
    expect(stdout.trim()).toBe(
      "true WebGPU in Node needs the package 'webgpu', which is not installed. " +
        "Run 'npm install webgpu', or choose the backend 'cpu'.",
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});
