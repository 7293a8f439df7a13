/**
 * Loses the GPU devices of trainers at random moments, and compares what they give with undisturbed runs:
 * `npm run losses -- --help`. The exit code is 1 if a bit differs, or something takes too long.
 */
import { Command } from 'commander';

import { openPage } from '../bench/openPage.ts';
import { loseRealDevices, type LossReport } from '../bench/page/losses.ts';
import { log, runProgram } from '../bench/runProgram.ts';
import { whole } from '../src/cli/options.ts';
import { formatTable } from '../src/cli/table.ts';
import { NudgeError } from '../src/errors.ts';
import { createGpu } from '../src/node/dawn.ts';
import { loseFakeDevices } from './support/fakeLosses.ts';

export function createLossesProgram(): Command {
  return new Command('losses')
    .description('Loses GPU devices at random moments, and compares what the trainers give.')
    .argument('[places...]', 'fake, node, chromium, firefox, or paths of browsers', [
      ...['fake', 'node', 'chromium'],
    ])
    .addOption(whole('--losses <n>', 'at least so many in each place').default(200))
    .addOption(whole('--seed <n>', 'of the moments', 0).default(1))
    .exitOverride();
}

/** Seconds. */
const limits = { longestRecovery: 3, longestWait: 5 } as const;
/** A page is asked for so many, and then for more. */
const lossesPerPage = 20;

async function loseInBrowser(wanted: string, losses: number, seed: number): Promise<LossReport> {
  const page = await openPage(wanted);
  try {
    let sum: LossReport | undefined;
    while ((sum?.losses ?? 0) < losses) {
      const { runs = 0, losses: made = 0 } = sum ?? {};
      const args = { losses: Math.min(lossesPerPage, losses - made), seed: seed + runs };
      const next = await page.run<LossReport>('losses', args);
      sum = sum ? add(sum, next) : next;
    }
    return sum!;
  } finally {
    await page.close();
  }
}

function add(one: LossReport, other: LossReport): LossReport {
  return {
    losses: one.losses + other.losses,
    inARow: one.inARow + other.inARow,
    runs: one.runs + other.runs,
    wrong: one.wrong + other.wrong,
    longestRecovery: Math.max(one.longestRecovery, other.longestRecovery),
    longestWait: Math.max(one.longestWait, other.longestWait),
  };
}

async function main(args: readonly string[], signal: AbortSignal): Promise<void> {
  const program = createLossesProgram().parse(args, { from: 'user' });
  const { losses, seed } = program.opts<{ losses: number; seed: number }>();
  const rows: string[][] = [];
  const failed: string[] = [];
  for (const place of program.processedArgs[0] as readonly string[]) {
    signal.throwIfAborted();
    const report: LossReport & { readonly left?: number } =
      place === 'fake'
        ? await loseFakeDevices(losses, seed)
        : place === 'node'
          ? await loseRealDevices(losses, seed, await createGpu())
          : await loseInBrowser(place, losses, seed);
    log(`${place}: ${JSON.stringify(report)}`);
    const { longestRecovery, longestWait } = report;
    rows.push([
      ...[place, `${report.losses}`, `${report.inARow}`, `${report.runs}`, `${report.wrong}`],
      ...[`${longestRecovery.toFixed(2)} s`, `${longestWait.toFixed(2)} s`],
    ]);
    const isSlow = longestRecovery > limits.longestRecovery || longestWait > limits.longestWait;
    if (report.wrong > 0 || isSlow || (report.left ?? 0) > 0) failed.push(place);
  }
  const heads = ['place', 'losses', 'in a row', 'runs', 'of other bits'];
  const table = [[...heads, 'longest recovery', 'longest wait'], ...rows];
  process.stdout.write(`${formatTable(table, 'lrrrrrr').join('\n')}\n`);
  if (failed.length > 0)
    throw new NudgeError(`Losses are not survived well: ${failed.join(', ')}.`);
}

if (process.argv[1]?.endsWith('loseDevices.ts')) {
  await runProgram(main);
  // Dawn's instance would keep Node running.
  process.exit();
}
