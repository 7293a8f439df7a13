/**
 * Kills processes of Chromium again and again, and compares what is left with an undisturbed run: the GPU process while
 * `nudge train` runs, or pages, and at times the whole browser, while they write checkpoints. `npm run crashes -- --help`
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

import { Argument, Command } from 'commander';

import { whole } from '../src/cli/options.ts';
import { NudgeError } from '../src/errors.ts';
import { killPages } from './pageKills.ts';
import { log, runProgram } from './runProgram.ts';

export function createCrashesProgram(): Command {
  return new Command('crashes')
    .description('Kills processes of Chromium, and compares what is left with an undisturbed run.')
    .addArgument(
      new Argument('[what]', 'the GPU process while it trains, or pages that write checkpoints')
        .choices(['gpu', 'pages'])
        .default('gpu'),
    )
    .addOption(whole('--crashes <n>', 'how often').default(20))
    .addOption(whole('--epochs <n>', 'of digits, for gpu').default(150))
    .exitOverride();
}

interface Outcome {
  readonly weights: Buffer;
  /** Seconds from each loss until training went on. */
  readonly recoveries: readonly number[];
}

/** Time in which the page loads and begins to train. */
const startMs = 5000;

/** @param nudge the process that has started the browser, which leads a process group */
function killGpuProcess(nudge: number): void {
  const list = execFileSync('ps', ['-eo', 'pid=,ppid=,pgid=,args='], { encoding: 'utf8' });
  const processes = Array.from(list.matchAll(/^ *(\d+) +(\d+) +(\d+) (.*)$/gm), ([, ...words]) => ({
    ...{ pid: Number(words[0]), parent: Number(words[1]), group: Number(words[2]) },
    isGpu: words[3]!.includes('--type=gpu-process'),
  }));
  const browsers = new Set(processes.flatMap((one) => (one.parent === nudge ? [one.pid] : [])));
  const gpu = processes.find(({ group, isGpu }) => isGpu && browsers.has(group));
  if (!gpu) throw new NudgeError('The browser has no GPU process.');
  process.kill(gpu.pid, 'SIGKILL');
}

async function train(epochs: number, crashes: number, signal: AbortSignal): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'nudge-crashes-'));
  const file = join(folder, 'weights.safetensors');
  const program = join(import.meta.dirname, '../src/cli/main.ts');
  const place = ['--data', 'digits', '--backend', 'webgpu', '--runtime', 'chromium'];
  const args = ['train', ...place, '--epochs', `${epochs}`, '--save', file];
  try {
    const child = spawn(process.execPath, ['--import', 'tsx', program, ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
      signal,
    });
    const recoveries: number[] = [];
    let killed = 0;
    for await (const line of createInterface({ input: child.stderr })) {
      const [, seconds] = /Training goes on .* after ([\d.]+) s/.exec(line) ?? [];
      if (seconds !== undefined) recoveries.push(Number(seconds));
      else if (!line.startsWith('Browser:')) continue;
      if (killed++ === crashes) continue;
      await sleep(seconds === undefined ? startMs : 1000 * Math.random(), undefined, { signal });
      killGpuProcess(child.pid!);
    }
    const weights = await readFile(file).catch((cause: unknown) => {
      throw new NudgeError(`Training ended after ${recoveries.length} recoveries.`, { cause });
    });
    return { weights, recoveries };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function crashGpu(crashes: number, epochs: number, signal: AbortSignal): Promise<void> {
  const undisturbed = await train(epochs, 0, signal);
  log('The undisturbed run is over.');
  const { weights, recoveries } = await train(epochs, crashes, signal);
  const isSame = weights.equals(undisturbed.weights);
  console.log(
    `${recoveries.length} crashes of ${crashes}: the weights ${isSame ? 'are equal' : 'differ'}; ` +
      `training went on after ${Math.min(...recoveries)} to ${Math.max(...recoveries)} s`,
  );
  if (!isSame) throw new NudgeError('A crash changed the weights.');
  if (recoveries.length < crashes) {
    throw new NudgeError(`Training ended after ${recoveries.length} crashes. Ask for more epochs.`);
  }
}

async function crashPages(crashes: number, signal: AbortSignal): Promise<void> {
  const { pages, browsers, acknowledged, damaged, lost, wrong } = await killPages(crashes, signal);
  console.log(
    `${pages} pages and ${browsers} browsers killed, ${acknowledged} checkpoints acknowledged: ` +
      `${lost} times an older one was found, ${damaged} times a damaged file; ${wrong} trainings ended with other parameters`,
  );
  if (lost + damaged + wrong > 0) throw new NudgeError('A kill has done harm.');
}

async function main(args: readonly string[], signal: AbortSignal): Promise<void> {
  const program = createCrashesProgram().parse(args, { from: 'user' });
  const { crashes, epochs } = program.opts<{ crashes: number; epochs: number }>();
  if (program.processedArgs[0] === 'pages') await crashPages(crashes, signal);
  else await crashGpu(crashes, epochs, signal);
}

if (process.argv[1]?.endsWith('crashes.ts')) await runProgram(main);
