/**
 * Reads hostile input, as `hostileInput.test.ts` does, in as many cases as wanted: `npm run fuzz -- --help`. It also measures what a
 * case costs. The time is the process's CPU time, because other programs disturb the clock on the wall; a case that seems slow is
 * measured again. The memory is the growth of V8's heap and of all array buffers, garbage included; it is not known where the
 * collector ran during the case, which is seldom. Files of 64 MB follow; see `largeFiles.ts`.
 */
import { getHeapStatistics } from 'node:v8';

import { Command, Option } from 'commander';

import { log, runProgram } from '../../bench/runProgram.ts';
import { whole } from '../../src/cli/options.ts';
import { NudgeError } from '../../src/errors.ts';
import { checkLargeFiles } from './largeFiles.ts';
import type { Target } from './target.ts';
import { runCases, sharesOf, targets } from './targets.ts';

/**
 * For one case, whose input has less than 64 KB. The memory is what a chunk of deflate may unpack to (see `gzip.ts`), so a reader that
 * believes a header which claims more than it has fails.
 */
const limits = { milliseconds: 50, bytes: 2 ** 24 } as const;
/** Times below this are no candidates for the slowest. */
const remarkableMs = 1;

export function createFuzzProgram(): Command {
  const names = targets.map(({ name }) => name);
  return new Command('fuzz')
    .description(
      'Reads hostile input, and fails on an untyped error, a slow case or too much memory.',
    )
    .addOption(whole('--cases <n>', 'of all targets together').default(1_000_000))
    .addOption(whole('--seed <n>', 'that a failure named; default: another one each time'))
    .addOption(new Option('--target <name>', 'one of them; default: all').choices(names))
    .exitOverride();
}

interface Cost {
  readonly milliseconds: number;
  readonly bytes: number;
}

interface Worst extends Cost {
  readonly target: string;
}

async function costOf(work: () => Promise<unknown>): Promise<Cost> {
  const memory = () => {
    const { used_heap_size, external_memory } = getHeapStatistics();
    return used_heap_size + external_memory;
  };
  const before = memory();
  const begin = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(begin);
  return { milliseconds: (user + system) / 1000, bytes: memory() - before };
}

/** The target with each case measured. @throws {NudgeError} for a case beyond the limits */
function measured(target: Target, worst: Worst[]): Target {
  const take = async (input: unknown): Promise<boolean> => {
    let isRead = false;
    const once = () =>
      costOf(async () => {
        isRead = await target.take(input);
      });
    let cost = await once();
    for (const key of ['milliseconds', 'bytes'] as const) {
      const isNew = !worst.some((one) => one[key] >= cost[key]);
      const isRemarkable = key === 'bytes' || cost.milliseconds >= remarkableMs;
      if (!(isNew && isRemarkable)) continue;
      // The compiler and the collector run when they like.
      for (let n = 0; n < 3; n++) {
        const next = await once();
        cost = {
          milliseconds: Math.min(cost.milliseconds, next.milliseconds),
          bytes: next.bytes < 0 ? cost.bytes : Math.min(cost.bytes, next.bytes),
        };
      }
      if (!worst.some((one) => one[key] >= cost[key])) {
        worst.push({ ...cost, target: target.name });
      }
    }
    if (cost.milliseconds > limits.milliseconds || cost.bytes > limits.bytes) {
      throw new NudgeError(
        `A case of '${target.name}' took ${milliseconds(cost)} and ${mebibytes(cost)}.`,
      );
    }
    return isRead;
  };
  return { ...target, take };
}

const milliseconds = (cost: Cost) => `${cost.milliseconds.toFixed(1)} ms`;
const mebibytes = (cost: Cost) => `${(cost.bytes / 2 ** 20).toFixed(1)} MiB`;

async function main(args: readonly string[], signal: AbortSignal): Promise<void> {
  const given = createFuzzProgram().parse(args, { from: 'user' });
  const {
    cases,
    target: name,
    seed = Math.floor(Math.random() * 2 ** 31),
  } = given.opts<{ cases: number; seed?: number; target?: string }>();
  const chosen = targets.filter((target) => name === undefined || target.name === name);
  const shares = sharesOf(cases, chosen);
  const worst: Worst[] = [];
  log(`Seed ${seed}.`);
  let done = 0;
  for (const [n, target] of chosen.entries()) {
    const count = shares[n]!;
    const begin = performance.now();
    // Warm, so that the compiler's work is no case's.
    await runCases(target, { count: Math.min(count, 1000), seed, signal });
    const read = await runCases(measured(target, worst), { count, seed, signal }).catch(
      (error: unknown) => {
        signal.throwIfAborted();
        // fast-check's text has the seed and the whole input.
        const { message, cause } = error as Error;
        throw new NudgeError(`${target.name}: ${String(cause)}\n${message.slice(0, 4000)}`, {
          cause,
        });
      },
    );
    const each = (1000 * (performance.now() - begin)) / count;
    log(`${target.name}: ${count} cases, ${read} of them read, ${each.toFixed(0)} µs each`);
    done += count;
  }
  if (name === undefined) await checkLargeFiles(log);
  const slowest = worst.toSorted((a, b) => b.milliseconds - a.milliseconds)[0]!;
  const largest = worst.toSorted((a, b) => b.bytes - a.bytes)[0]!;
  process.stdout.write(
    `${done} cases, seed ${seed}: no crash, no hang, no untyped error. The slowest took ${milliseconds(slowest)} (${slowest.target}), ` +
      `the largest ${mebibytes(largest)} (${largest.target}).\n`,
  );
}

if (process.argv[1]?.endsWith('fuzz.ts')) await runProgram(main);
