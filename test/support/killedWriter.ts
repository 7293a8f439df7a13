/**
 * Kills a process that writes checkpoints as fast as it can, again and again, and looks at what it left. As a script,
 * `node --import tsx test/support/killedWriter.ts 1000` does this 1,000 times.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { build } from 'vite';

import { folderCheckpoints } from '../../src/node/checkpointFolder.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

export interface KillReport {
  readonly kills: number;
  /** Checkpoints that the writers said were written. */
  readonly acknowledged: number;
  /** Kills after which a file of another name was there: the writer was writing. */
  readonly whileWriting: number;
  /** Kills after which a checkpoint that was acknowledged was not there; must be 0. */
  readonly lost: number;
}

/** @param kills number of writers, one after another, in one folder */
export async function killWriters(kills: number): Promise<KillReport> {
  const scratch = await mkdtemp(join(tmpdir(), 'nudge-kill-'));
  try {
    const writer = await bundle(scratch);
    const folder = join(scratch, 'run');
    const report = { kills, acknowledged: 0, whileWriting: 0, lost: 0 };
    for (let kill = 0; kill < kills; kill++) {
      const last = await writeUntilKilled(writer, folder, kill);
      const newest = await folderCheckpoints(folder).readNewest();
      report.acknowledged = last;
      if (!newest || newest.sequence < last || newest.problem !== undefined) report.lost++;
      const names = await readdir(folder);
      if (names.some((name) => name.endsWith('.tmp'))) report.whileWriting++;
    }
    return report;
  } finally {
    await rm(scratch, { recursive: true });
  }
}

/** One module without TypeScript, which a process starts in 0.05 s. */
async function bundle(folder: string): Promise<string> {
  await build({
    ...{ root, configFile: false, logLevel: 'error' },
    build: {
      ssr: join(root, 'test/support/writeCheckpoints.ts'),
      ...{ outDir: folder, emptyOutDir: false, minify: false },
      rolldownOptions: { output: { entryFileNames: 'writer.mjs' } },
    },
  });
  return join(folder, 'writer.mjs');
}

/** @returns the last sequence number that was acknowledged before the kill */
function writeUntilKilled(writer: string, folder: string, kill: number): Promise<number> {
  const child = spawn(process.execPath, [writer, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  let last = 0;
  let lines = 0;
  createInterface({ input: child.stdout }).on('line', (line) => {
    last = Number(line);
    lines++;
    // At another moment of a write each time: within a few milliseconds after the third.
    if (lines === 3) setTimeout(() => child.kill('SIGKILL'), (kill % 23) / 4);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === null) resolve(last);
      else reject(new Error(`The writer ended by itself, with exit code ${code}.`));
    });
  });
}

const [, script = '', kills] = process.argv;
if (kills !== undefined && import.meta.url === pathToFileURL(script).href) {
  process.stdout.write(`${JSON.stringify(await killWriters(Number(kills)))}\n`);
}
