import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';

import { expect, it } from 'vitest';

import { TemporaryFolder } from '../../src/node/temporaryFolder.ts';

it('goes with all that is in it, also while another process still writes into it', async () => {
  const folder = await TemporaryFolder.create('nudge-test-');
  const writer = spawn(
    process.execPath,
    [
      '-e',
      `const { mkdirSync, writeFileSync } = require('node:fs');
       mkdirSync('deep');
       const end = Date.now() + 500;
       try {
         for (let i = 0; Date.now() < end; i++) {
           writeFileSync('deep/' + i, '');
           if (i === 100) process.stdout.write('writing');
         }
       } catch {
         process.exit(0); // the folder is gone
       }`,
    ],
    { cwd: folder.path, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const exit = once(writer, 'exit');
  await once(writer.stdout, 'data');
  folder.dispose();
  expect(existsSync(folder.path)).toBe(false);
  await exit;
});
