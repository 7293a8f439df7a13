/**
 * Runs the benchmark repeatedly on the same build and counts the pairs of runs that compare as different, which would be none without
 * noise: `npm run bench:aa -- --help`. With `--load`, another program keeps the processor busy from time to time.
 *
 * Results are kept in a folder, and a call that was interrupted continues there.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

import { Command } from 'commander';

import { compareResults } from '../src/benchmark/result/compare.ts';
import { readResult } from '../src/benchmark/result/read.ts';
import type { BenchmarkResult } from '../src/benchmark/result/schema.ts';
import { formatCount, backendNames } from '../src/benchmark/result/words.ts';
import { median } from '../src/benchmark/statistics.ts';
import { exitCodes, FileError, UsageError } from '../src/cli/errors.ts';
import { whole } from '../src/cli/options.ts';
import { BrowserError } from '../src/errors.ts';
import { runProgram } from './runProgram.ts';

interface Options {
  readonly runs: number;
  readonly out: string;
  readonly load: boolean;
}

export function createAaProgram(): Command {
  return new Command('bench:aa')
    .description('Measures one build repeatedly, and compares every run with every other.')
    .argument('[options...]', "for nudge bench, after '--'; default: --quick")
    .addOption(whole('--runs <n>', 'runs of the benchmark', 2).default(20))
    .option('--out <folder>', 'for the results; runs that it has are not repeated', 'aa')
    .option('--load', 'keep the processor busy from time to time', false)
    .exitOverride();
}

/** Seconds that the background program works and rests at most; each time is drawn at random. */
const load = { working: 8, resting: 8 } as const;

/** Keeps one thread busy from time to time. */
async function disturb(signal: AbortSignal): Promise<void> {
  const pause = (seconds: number) =>
    sleep(1000 * seconds * Math.random(), undefined, { signal }).catch(() => undefined);
  while (!signal.aborted) {
    await pause(load.resting);
    const worker = new Worker('for (;;) Math.random();', { eval: true });
    await pause(load.working);
    await worker.terminate();
  }
}

function bench(options: readonly string[], file: string): Promise<number | null> {
  const program = join(import.meta.dirname, '../src/cli/main.ts');
  const args = ['--import', 'tsx', program, 'bench', ...options, '--json', file];
  return new Promise((resolve) => {
    spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] }).on('close', resolve);
  });
}

async function measure(
  { runs, out }: Options,
  options: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  for (let run = 1; run <= runs; run++) {
    signal.throwIfAborted();
    const file = join(out, `run-${run}.json`);
    if (existsSync(file)) continue;
    // A run that was stopped also leaves a result, so only a complete one gets the final name.
    const unfinished = join(out, 'unfinished.json');
    const code = await bench(options, unfinished);
    // Ctrl-C has stopped the benchmark as well.
    signal.throwIfAborted();
    if (code === exitCodes.usage) {
      throw new UsageError(
        `nudge bench does not accept ${options.join(' ')}. Its options stand after a second '--'; 'npm run bench -- --help' lists them.`,
      );
    }
    // A benchmark that was disturbed ends with 1, but has measured.
    if (code !== exitCodes.success && code !== exitCodes.failure) {
      throw new BrowserError(`Run ${run} ended with exit code ${code}. Call again to continue.`);
    }
    await rename(unfinished, file);
  }
}

function describeRun({ scores, flags, blocks }: BenchmarkResult): string {
  const text = scores.map(
    ({ backend, middle, low, high }) =>
      `${backendNames[backend]} ${formatCount(middle)} (${formatCount(low)} to ${formatCount(high)})`,
  );
  const beat = median(blocks.flatMap(({ beatSeconds }) => beatSeconds ?? NaN));
  const taken = Math.max(...blocks.map(({ taken: share = 0 }) => share));
  return `${text.join('; ')}; beat ${(1e6 * beat).toFixed(0)} µs, other programs took up to ${percent(taken)} [${flags.map(({ kind }) => kind).join()}]`;
}

function compareAll(results: readonly BenchmarkResult[]): string {
  const counts = { pairs: 0, different: 0, incomparable: 0, verdicts: 0, wrong: 0 };
  for (const [a, first] of results.entries()) {
    for (const second of results.slice(a + 1)) {
      const { overall, pairs, backends, isComparable } = compareResults(first, second);
      if (!isComparable || !overall) {
        counts.incomparable++;
        continue;
      }
      counts.pairs++;
      if (overall.verdict !== 'no difference') counts.different++;
      for (const { verdict } of [...pairs, ...backends]) {
        counts.verdicts++;
        if (verdict !== 'no difference') counts.wrong++;
      }
    }
  }
  const { pairs, different, incomparable, verdicts, wrong } = counts;
  return (
    `${pairs} pairs of ${results.length} runs: ${different} compare as different, ${percent(different / Math.max(1, pairs))}. ` +
    `Of ${verdicts} verdicts by workload and by backend, ${wrong} are different, ${percent(wrong / Math.max(1, verdicts))}. ` +
    `${incomparable} pairs have no verdict, because the machine was busy in one of their runs.`
  );
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

async function main(args: readonly string[], signal: AbortSignal): Promise<void> {
  const program = createAaProgram().parse(args, { from: 'user' });
  const options = program.opts<Options>();
  await mkdir(options.out, { recursive: true }).catch((cause: unknown) => {
    const { message } = cause as Error;
    throw new FileError(`--out cannot create ${options.out}: ${message}.`, { cause });
  });
  const over = new AbortController();
  const disturbance = options.load ? disturb(over.signal) : undefined;
  try {
    await measure(options, program.args.length > 0 ? program.args : ['--quick'], signal);
  } finally {
    over.abort();
    await disturbance;
  }
  const results: BenchmarkResult[] = [];
  for (let run = 1; run <= options.runs; run++) {
    results.push(readResult(await readFile(join(options.out, `run-${run}.json`), 'utf8')));
  }
  for (const [n, result] of results.entries()) console.log(`${n + 1}: ${describeRun(result)}`);
  console.log(compareAll(results));
}

if (process.argv[1]?.endsWith('aa.ts')) await runProgram(main);
