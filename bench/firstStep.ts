/**
 * How long each library takes from the link to the first step of `tiny`, in browsers: `npm run bench:first-step -- --help`.
 *
 * Each load is a new page in a browser that is already running. The first load of a browser does not count, because it starts the
 * browser's GPU process.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { Command } from 'commander';

import { browserPeers } from '../src/benchmark/result/backends.ts';
import { median } from '../src/benchmark/statistics.ts';
import { whole } from '../src/cli/options.ts';
import { formatCount, formatTable } from '../src/cli/table.ts';
import { openPage, type BenchPage } from './openPage.ts';
import { browsersOption, log, namesOption, runProgram } from './runProgram.ts';

interface Options {
  readonly browsers: readonly string[];
  readonly libraries: readonly string[];
  readonly loads: number;
}

/** A browser goes on compiling for a second after its page was closed, which would slow the next page down. */
const restMs = 2000;

export function createFirstStepProgram(): Command {
  return new Command('bench:first-step')
    .description('Times the first training step of each library, from the load of the page.')
    .addOption(browsersOption(['chromium']))
    .addOption(namesOption('--libraries <names>', ['webgpu', 'cpu', ...browserPeers]))
    .addOption(whole('--loads <n>', 'page loads per library').default(9))
    .exitOverride();
}

async function main(args: readonly string[], signal: AbortSignal): Promise<void> {
  const program = createFirstStepProgram().parse(args, { from: 'user' });
  const { browsers, libraries, loads } = program.opts<Options>();
  for (const browser of browsers) {
    const page = await openPage(browser);
    try {
      const rows = await measure(page, libraries, loads, signal);
      const head = ['library', 'median, ms', 'range'];
      console.log([page.version, ...formatTable([head, ...rows], 'lrr')].join('\n'));
    } finally {
      await page.close();
    }
  }
}

/** One row for each library. Libraries take turns, so that other programs slow all of them alike. */
async function measure(
  page: BenchPage,
  libraries: readonly string[],
  loads: number,
  signal: AbortSignal,
): Promise<string[][]> {
  const all = libraries.map((name) => ({ name, times: [] as number[], failure: '' }));
  const load = async (name: string) => {
    signal.throwIfAborted();
    const milliseconds = await page.run<number>('firstStep', undefined, `?first=${name}`);
    await sleep(restMs);
    return milliseconds;
  };
  // A library that fails here fails again below, where it is reported.
  await load(libraries[0]!).catch(() => undefined);
  for (let n = 1; n <= loads; n++) {
    for (const one of all.filter(({ failure }) => failure === '')) {
      try {
        one.times.push(await load(one.name));
        log(`load ${n} of ${loads}, ${one.name}: ${formatCount(one.times.at(-1)!)} ms`);
      } catch (error) {
        signal.throwIfAborted();
        one.failure = (error as Error).message;
        log(`load ${n} of ${loads}, ${one.name}: ${one.failure}`);
      }
    }
  }
  return all.map(({ name, times, failure }) =>
    failure === ''
      ? [
          name,
          formatCount(median(times)),
          `${formatCount(Math.min(...times))} to ${formatCount(Math.max(...times))}`,
        ]
      : [name, 'failed', ''],
  );
}

if (process.argv[1]?.endsWith('firstStep.ts')) await runProgram(main);
