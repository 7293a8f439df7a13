/**
 * Runs the benchmark again and again on the same build, and counts how many pairs of runs compare as different, which none of
 * them is: `npm run bench:aa -- [--runs 20] [--load] [options of nudge bench]`. With `--load`, a program that comes and goes keeps
 * the processor busy meanwhile.
 *
 * Results are kept in a folder, and a run that was interrupted goes on from there.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

import { compareResults } from '../src/benchmark/result/compare.ts';
import { readResult } from '../src/benchmark/result/read.ts';
import type { BenchmarkResult } from '../src/benchmark/result/schema.ts';
import { formatCount, sideNames } from '../src/benchmark/result/words.ts';
import { median } from '../src/benchmark/statistics.ts';

const { values, positionals } = parseArgs({
  options: {
    runs: { type: 'string', default: '20' },
    out: { type: 'string', default: 'aa' },
    load: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const runs = Number(values.runs);
if (!(Number.isSafeInteger(runs) && runs >= 2)) {
  throw new Error(`--runs takes a whole number of at least 2, and '${values.runs}' was given.`);
}
const folder = values.out;
const options = positionals.length > 0 ? positionals : ['--quick'];

/** Seconds that the background program works and rests, at most: each time drawn anew. */
const load = { working: 4, resting: 16 } as const;

/** One busy thread, now and then. */
async function disturb(isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    await sleep(1000 * load.resting * Math.random());
    const worker = new Worker('for (;;) Math.random();', { eval: true });
    await sleep(1000 * load.working * Math.random());
    await worker.terminate();
  }
}

function bench(file: string): Promise<number | null> {
  const program = join(import.meta.dirname, '../src/cli/main.ts');
  const args = ['--import', 'tsx', program, 'bench', ...options, '--json', file];
  return new Promise((resolve) => {
    spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] }).on('close', resolve);
  });
}

await mkdir(folder, { recursive: true });
let isOver = false;
const disturbance = values.load ? disturb(() => isOver) : undefined;
for (let run = 1; run <= runs; run++) {
  const file = join(folder, `run-${run}.json`);
  if (existsSync(file)) continue;
  // Under its name are whole runs alone: one that was stopped leaves a result, too.
  const unfinished = join(folder, 'unfinished.json');
  const code = await bench(unfinished);
  if (code !== 0 && code !== 1) {
    throw new Error(`Run ${run} ended with exit code ${code}. Call again to go on from there.`);
  }
  await rename(unfinished, file);
}
isOver = true;
await disturbance;

const results: BenchmarkResult[] = [];
for (let run = 1; run <= runs; run++) {
  results.push(readResult(await readFile(join(folder, `run-${run}.json`), 'utf8')));
}
for (const [n, { scores, marks, blocks }] of results.entries()) {
  const text = scores.map(
    ({ side, middle, low, high }) =>
      `${sideNames[side]} ${formatCount(middle)} (${formatCount(low)} to ${formatCount(high)})`,
  );
  const beat = median(blocks.flatMap(({ beatSeconds }) => beatSeconds ?? NaN));
  const taken = Math.max(...blocks.map(({ taken: share = 0 }) => share));
  console.log(
    `${n + 1}: ${text.join('; ')}; beat ${(1e6 * beat).toFixed(0)} µs, others took up to ${Math.round(100 * taken)} % [${marks.map(({ kind }) => kind).join()}]`,
  );
}
const counts = { pairs: 0, different: 0, incomparable: 0, verdicts: 0, wrong: 0 };
for (const [a, first] of results.entries()) {
  for (const second of results.slice(a + 1)) {
    const { overall, pairs, sides, isComparable } = compareResults(first, second);
    if (!isComparable || !overall) {
      counts.incomparable++;
      continue;
    }
    counts.pairs++;
    if (overall.verdict !== 'no difference') counts.different++;
    for (const { verdict } of [...pairs, ...sides]) {
      counts.verdicts++;
      if (verdict !== 'no difference') counts.wrong++;
    }
  }
}
const share = (part: number, whole: number) =>
  `${((100 * part) / Math.max(1, whole)).toFixed(1)} %`;
console.log(
  `${counts.pairs} pairs of ${runs} runs: ${counts.different} compare as different, ${share(counts.different, counts.pairs)}. ` +
    `Of their ${counts.verdicts} other verdicts, by workload and by side, ${counts.wrong}, ${share(counts.wrong, counts.verdicts)}. ` +
    `${counts.incomparable} pairs have no verdict, because a run of theirs was on a busy machine.`,
);
