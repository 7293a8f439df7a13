/**
 * Runs the benchmark again and again on the same build, and counts how many pairs of runs compare as different, which none of
 * them is: `npm run bench:aa -- --help`. With `--load`, a program that comes and goes keeps the processor busy meanwhile.
 *
 * Results are kept in a folder, and a call that was interrupted goes on from there.
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
import { whole } from '../src/cli/options.ts';
import { BrowserError } from '../src/errors.ts';
import { runProgram } from './runProgram.ts';

interface Options {
  readonly runs: number;
  readonly out: string;
  readonly load: boolean;
}

/** The command line. */
export function createAaProgram(): Command {
  return new Command('bench:aa')
    .description('Measures one build again and again, and compares every run with every other.')
    .argument('[options...]', "of nudge bench, behind '--'; default: --quick")
    .addOption(whole('--runs <n>', 'to make', 2).default(20))
    .option('--out <folder>', 'for the results, which are taken up again', 'aa')
    .option('--load', 'beside a program that comes and goes', false)
    .exitOverride();
}

/** Seconds that the background program works and rests, at most: each time drawn anew. */
const load = { working: 8, resting: 8 } as const;

/** One busy thread, now and then. */
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
    // Under its name are whole runs alone: one that was stopped leaves a result, too.
    const unfinished = join(out, 'unfinished.json');
    const code = await bench(options, unfinished);
    // Ctrl-C reaches the benchmark, too.
    signal.throwIfAborted();
    if (code !== 0 && code !== 1) {
      throw new BrowserError(
        `Run ${run} ended with exit code ${code}. Call again to go on from there.`,
      );
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
  return `${text.join('; ')}; beat ${(1e6 * beat).toFixed(0)} µs, others took up to ${percent(taken)} [${flags.map(({ kind }) => kind).join()}]`;
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
    `Of their ${verdicts} other verdicts, by workload and by backend, ${wrong}, ${percent(wrong / Math.max(1, verdicts))}. ` +
    `${incomparable} pairs have no verdict, because a run of theirs was on a busy machine.`
  );
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

async function main(args: readonly string[], signal: AbortSignal): Promise<void> {
  const program = createAaProgram().parse(args, { from: 'user' });
  const options = program.opts<Options>();
  await mkdir(options.out, { recursive: true });
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
