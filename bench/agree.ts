/**
 * Measures the same training with every harness of the repository, in turn: `npm run bench:agree -- --help`. They share the engine
 * and differ in how they drive and time it, so a disagreement is a fault of a harness. The exit code is 1 if `train` differs from
 * `bench` by more than 20 % (`--within`) and their spreads, or if training is faster than its kernels alone.
 */
import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { Command } from 'commander';

import { readResult } from '../src/benchmark/result/read.ts';
import { workloads, type Workload } from '../src/benchmark/workloads.ts';
import { exitCodes } from '../src/cli/errors.ts';
import { number, whole } from '../src/cli/options.ts';
import { Device } from '../src/gpu/device.ts';
import { Network } from '../src/network/network.ts';
import { createGpu } from '../src/node/dawn.ts';
import { TemporaryFolder } from '../src/node/temporaryFolder.ts';
import { agreementTable, bound, compareHarnesses, reference, type Measured } from './agreement.ts';
import { timeKernels } from './kernels.ts';
import { browsersOption, log, namesOption, runProgram } from './runProgram.ts';

interface Options {
  readonly browsers: readonly string[];
  readonly node: boolean;
  readonly workloads: readonly string[];
  readonly rounds: number;
  readonly seconds: number;
  readonly within: number;
  readonly wait: number;
  readonly data?: string;
}

const names = workloads.filter(({ isScored }) => isScored).map(({ name }) => name);

export function createAgreeProgram(): Command {
  return new Command('bench:agree')
    .description('Measures the same training with every harness, in turn, and compares the rates.')
    .addOption(browsersOption(['chromium', 'firefox']))
    .option('--node', 'also measure in Node, and time the kernels there', false)
    .addOption(namesOption('--workloads <names>', names))
    .addOption(whole('--rounds <n>', 'in each, all harnesses take a turn').default(3))
    .addOption(number('--seconds <s>', 'about how long train trains each time').default(3))
    .addOption(
      number('--within <share>', 'by which rates may differ, besides their spreads').default(0.2),
    )
    .addOption(whole('--wait <s>', 'that bench waits at most for a quiet machine', 0).default(20))
    .option('--data <name>', 'mnist, digits or a folder; default: mnist if it is found')
    .exitOverride();
}

/** One harness in one place. */
interface Harness {
  readonly place: string;
  readonly name: string;
  /** @returns samples per second */
  rate(workload: Workload): Promise<number>;
}

const program = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));

async function main(args: readonly string[], signal: AbortSignal): Promise<void> {
  const options = createAgreeProgram().parse(args, { from: 'user' }).opts<Options>();
  const chosen = workloads.filter(({ name }) => options.workloads.includes(name));
  const folder = await TemporaryFolder.create('nudge-agree-');
  folder.removeAtExit();
  const places = [...options.browsers, ...(options.node ? ['node'] : [])];
  const harnesses = places.flatMap((place) => commands(place, options, folder.path));
  if (options.node) harnesses.push(kernelsInNode());
  const measured = await measureAll(harnesses, chosen, options.rounds, signal);
  const comparisons = compareHarnesses(measured, options.within);
  console.log(agreementTable(comparisons).join('\n'));
  if (comparisons.some(({ agrees }) => agrees === false)) process.exitCode = exitCodes.failure;
  folder.dispose();
}

/** Every harness once per round. Every other round goes backwards, so that a drift of the machine cancels. */
async function measureAll(
  harnesses: readonly Harness[],
  chosen: readonly Workload[],
  rounds: number,
  signal: AbortSignal,
): Promise<Measured[]> {
  const cells = chosen.flatMap((workload) =>
    harnesses.map((harness) => ({ workload, harness, rates: [] as number[], failure: '' })),
  );
  for (let round = 1; round <= rounds; round++) {
    for (const cell of round % 2 === 1 ? cells : cells.toReversed()) {
      signal.throwIfAborted();
      const { workload, harness } = cell;
      const title = `round ${round}, ${harness.place}, ${workload.name}, ${harness.name}`;
      try {
        const rate = await harness.rate(workload);
        cell.rates.push(rate);
        log(`${title}: ${Math.round(rate)} samples/s`);
      } catch (error) {
        signal.throwIfAborted();
        cell.failure = (error as Error).message.trim().split('\n').at(-1)!;
        log(`${title}: ${cell.failure}`);
      }
    }
  }
  return cells.map(({ workload, harness: { place, name }, rates, failure }) => ({
    ...{ place, workload: workload.name, harness: name, rates, failure },
  }));
}

function kernelsInNode(): Harness {
  return {
    place: 'node',
    name: bound,
    async rate({ network, batchSize }) {
      const device = await Device.request({ gpu: await createGpu(), timeoutMs: 60_000 });
      const times = await timeKernels(device, new Network(network), { batchSize, momentum: 0 });
      device.destroy();
      const min = times.kernels.map(({ seconds }) => Math.min(...seconds));
      return batchSize / min.reduce((sum, seconds) => sum + seconds, 0);
    },
  };
}

/** Seconds of a repeat of `nudge bench`, about. */
const repeatSeconds = 0.3;

/** `nudge bench` and `nudge train`, as processes of their own. */
function commands(place: string, options: Options, folder: string): Harness[] {
  const { seconds, data, wait } = options;
  const file = join(folder, 'report.json');
  const where = ['node', 'chromium', 'firefox'].includes(place)
    ? ['--runtime', place]
    : ['--browser', place];
  const run = async (...args: string[]): Promise<string> => {
    // Otherwise, a run that fails would leave the report of an earlier one.
    await rm(file, { force: true });
    const common = [...where, ...(data === undefined ? [] : ['--data', data]), '--json', file];
    const command = ['--import', import.meta.resolve('tsx'), program, ...args, ...common];
    try {
      await promisify(execFile)(process.execPath, command);
    } catch (error) {
      // A benchmark that was disturbed ends with 1, but has measured.
      if (args[0] !== 'bench' || (error as { code?: unknown }).code !== 1) throw error;
    }
    return await readFile(file, 'utf8');
  };
  const repeats = Math.max(2, Math.round(seconds / repeatSeconds));
  // The latest rate of each workload decides how many steps `train` makes.
  const rates = new Map<string, number>();
  return [
    {
      place,
      name: reference,
      async rate({ name }) {
        const one = ['--workloads', name, '--backends', 'webgpu', '--wait', `${wait}`];
        // In one block, as `train` has one device.
        const long = [
          '--repeats',
          `${repeats}`,
          '--blocks',
          '1',
          '--seconds',
          `${seconds / repeats}`,
        ];
        const { workloads: measured } = readResult(await run('bench', ...one, ...long));
        const series = measured[0]?.series.find(({ backend }) => backend === 'webgpu');
        if (!series) throw new Error('The result has no series of webgpu.');
        rates.set(name, series.estimate.middle);
        return series.estimate.middle;
      },
    },
    {
      place,
      name: 'train',
      async rate(workload) {
        const { name, batchSize } = workload;
        const known = rates.get(name) ?? batchSize;
        const steps = Math.max(20, Math.round((known * seconds) / batchSize));
        const report = await run(...trainCommand(workload, steps));
        const { epochs } = JSON.parse(report) as TrainReport;
        const sum = (of: 'samples' | 'seconds') =>
          epochs.reduce((total, epoch) => total + epoch[of], 0);
        rates.set(name, sum('samples') / sum('seconds'));
        return sum('samples') / sum('seconds');
      },
    },
  ];
}

interface TrainReport {
  readonly epochs: readonly { readonly samples: number; readonly seconds: number }[];
}

function trainCommand({ network, batchSize, learningRate }: Workload, steps: number): string[] {
  const { layers, activation, output, cost, initializer } = new Network(network);
  return [
    ...[
      'train',
      '--backend',
      'webgpu',
      '--layers',
      layers.join(','),
      '--activation',
      String(activation),
    ],
    ...['--output', output, '--cost', cost, '--init', initializer],
    ...['--batch-size', `${batchSize}`, '--learning-rate', `${learningRate}`],
    ...['--steps', `${steps}`],
  ];
}

if (process.argv[1]?.endsWith('agree.ts')) {
  await runProgram(main);
  // Dawn's instance would keep Node running.
  process.exit();
}
