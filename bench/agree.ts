/**
 * The same training measured by every harness of the repository, in turn: `npm run bench:agree -- --help`. They share the
 * engine and differ in how they drive and time it, so that what one says and the others do not is a fault of the harness.
 * The exit code is 1 where `bench` or `train` differ from `bench:peers` by more than 20 % (`--within`) and their spreads, or
 * where training is faster than its kernels alone.
 */
import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { Command, Option } from 'commander';

import { findData, loadData } from '../src/cli/dataSource.ts';
import { exitCodes } from '../src/cli/errors.ts';
import { whole } from '../src/cli/options.ts';
import { parseNumber } from '../src/cli/values.ts';
import { Device } from '../src/gpu/device.ts';
import { Network } from '../src/network/network.ts';
import { createGpu } from '../src/node/dawn.ts';
import { TemporaryFolder } from '../src/node/temporaryFolder.ts';
import { agreementTable, bound, compareHarnesses, reference, type Measured } from './agreement.ts';
import { timeKernels } from './kernels.ts';
import type { TrainingMeasurement } from './peers/measurements.ts';
import { list } from './peers/options.ts';
import { jobsIn } from './peers/page/jobs.ts';
import { nudge } from './peers/page/nudge.ts';
import { PeersBrowser } from './peers/peersBrowser.ts';
import { writeData } from './peers/serveData.ts';
import { runProgram } from './runProgram.ts';
import { workloads as allWorkloads, type TrainingWorkload } from './peers/workloads.ts';

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

const trainings = allWorkloads.filter((one): one is TrainingWorkload => one.kind === 'training');
const names = trainings.map(({ name }) => name);

/** The command line; `parse` throws what commander throws. */
export function createAgreeProgram(): Command {
  return new Command('bench:agree')
    .description(
      'Measures the same training by every harness, in turn, and compares what they say.',
    )
    .addOption(
      new Option('--browsers <names>', 'chromium, firefox, or paths of browsers; empty: none')
        .argParser((text) => text.split(',').filter(Boolean))
        .default(['chromium', 'firefox'], 'chromium,firefox'),
    )
    .option('--node', 'in Node as well, where kernels are timed, too', false)
    .addOption(
      new Option('--workloads <names>', `of ${names.join(', ')}`)
        .argParser(list(names))
        .default(names, 'all'),
    )
    .addOption(whole('--rounds <n>', 'in which all harnesses take their turns').default(3))
    .addOption(
      new Option('--seconds <s>', 'of training, about, each time')
        .argParser((text) => parseNumber('--seconds', text))
        .default(3),
    )
    .addOption(
      new Option('--within <share>', 'that rates may differ by, beside their spreads')
        .argParser((text) => parseNumber('--within', text))
        .default(0.2),
    )
    .addOption(whole('--wait <s>', 'that bench waits for a quiet machine at most', 0).default(20))
    .option('--data <name>', 'mnist, digits or a folder; default: mnist where it is found')
    .exitOverride();
}

/** One harness in one place: samples a second of a workload. */
interface Harness {
  readonly name: string;
  rate(workload: TrainingWorkload): Promise<number>;
}

interface Place {
  readonly name: string;
  readonly harnesses: readonly Harness[];
  close(): Promise<void>;
}

const log = (line: string) => process.stderr.write(`${line}\n`);
const program = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));

async function main(args: readonly string[], signal: AbortSignal): Promise<void> {
  const options = createAgreeProgram().parse(args, { from: 'user' }).opts<Options>();
  const chosen = trainings.filter(({ name }) => options.workloads.includes(name));
  const folder = await TemporaryFolder.create('nudge-agree-');
  folder.removeAtExit();
  const loaded = await loadData((await findData(options.data)).source);
  const data = await writeData(loaded);
  const places: Place[] = [];
  try {
    for (const browser of options.browsers) {
      const page = await PeersBrowser.open(browser, 'auto', data.mount);
      places.push({
        name: browser,
        harnesses: [peersInBrowser(page, options), ...ownHarnesses(browser, options, folder.path)],
        close: () => page.close(),
      });
    }
    if (options.node) {
      const gpu = await createGpu();
      places.push({
        name: 'node',
        harnesses: [
          peersInNode(gpu, loaded, options),
          ...ownHarnesses('node', options, folder.path),
          kernelsInNode(gpu),
        ],
        close: () => Promise.resolve(),
      });
    }
    const measured = await measureAll(places, chosen, options.rounds, signal);
    const comparisons = compareHarnesses(measured, options.within);
    process.stdout.write(`${agreementTable(comparisons).join('\n')}\n`);
    if (comparisons.some(({ agrees }) => agrees === false)) process.exitCode = exitCodes.failure;
  } finally {
    for (const place of places) await place.close();
    data.dispose();
    folder.dispose();
  }
}

/** Every harness once a round, in an order that changes from round to round. */
async function measureAll(
  places: readonly Place[],
  chosen: readonly TrainingWorkload[],
  rounds: number,
  signal: AbortSignal,
): Promise<Measured[]> {
  const cells = places.flatMap((place) =>
    chosen.flatMap((workload) =>
      place.harnesses.map((harness) => ({
        ...{ place: place.name, workload, harness, rates: [] as number[] },
        failure: undefined as string | undefined,
      })),
    ),
  );
  for (let round = 1; round <= rounds; round++) {
    for (const cell of round % 2 === 1 ? cells : cells.toReversed()) {
      signal.throwIfAborted();
      const { place, workload, harness } = cell;
      try {
        const rate = await harness.rate(workload);
        if (!(rate > 0)) throw new Error(`It gave ${rate} samples/s.`);
        cell.rates.push(rate);
        log(
          `round ${round}, ${place}, ${workload.name}, ${harness.name}: ${Math.round(rate)} samples/s`,
        );
      } catch (error) {
        signal.throwIfAborted();
        cell.failure = (error as Error).message.trim().split('\n').at(-1);
        log(`round ${round}, ${place}, ${workload.name}, ${harness.name}: ${cell.failure}`);
      }
    }
  }
  return cells.map(({ workload, harness, ...cell }) => ({
    ...cell,
    workload: workload.name,
    harness: harness.name,
  }));
}

function peersInBrowser(page: PeersBrowser, { seconds }: Options): Harness {
  return {
    name: reference,
    async rate(workload) {
      const { times, seconds: took } = await page.call<TrainingMeasurement>({
        job: 'measureTraining',
        args: { contender: 'nudge-webgpu', workload, seconds },
        limitSeconds: 300,
      });
      // Two browsers at once would disturb each other.
      await page.stop();
      return (times * workload.batchSize) / took;
    },
  };
}

/** What the page does, in this process, with its modules. */
function peersInNode(
  gpu: GPU,
  { training, test }: Awaited<ReturnType<typeof loadData>>,
  { seconds }: Options,
): Harness {
  Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true });
  const { measureTraining } = jobsIn({
    load: () => Promise.resolve(nudge('webgpu')),
    dataset: (name) => Promise.resolve(name === 'test' ? test : training),
  });
  return {
    name: reference,
    async rate(workload) {
      const timed = await measureTraining({ contender: 'nudge-webgpu', workload, seconds });
      return (timed.times * workload.batchSize) / timed.seconds;
    },
  };
}

function kernelsInNode(gpu: GPU): Harness {
  return {
    name: bound,
    async rate({ network, batchSize }) {
      const device = await Device.request({ gpu, timeoutMs: 60_000 });
      const times = await timeKernels(device, new Network(network), { batchSize, momentum: 0 });
      device.destroy();
      const min = times.kernels.map(({ seconds }) => Math.min(...seconds));
      return batchSize / min.reduce((sum, seconds) => sum + seconds, 0);
    },
  };
}

/** `nudge bench` and `nudge train`, as processes of their own. */
function ownHarnesses(
  place: string,
  { seconds, data, wait }: Options,
  folder: string,
): readonly Harness[] {
  const file = join(folder, 'report.json');
  const where = ['node', 'chromium', 'firefox'].includes(place)
    ? ['--runtime', place]
    : ['--browser', place];
  const run = async (...args: string[]): Promise<unknown> => {
    // What an earlier run has written must not be taken for this one's.
    await rm(file, { force: true });
    const common = [...where, ...(data === undefined ? [] : ['--data', data]), '--json', file];
    const command = ['--import', import.meta.resolve('tsx'), program, ...args, ...common];
    try {
      await promisify(execFile)(process.execPath, command);
    } catch (error) {
      // A benchmark that was disturbed has measured all the same.
      if (args[0] !== 'bench' || (error as { code?: unknown }).code !== 1) throw error;
    }
    return JSON.parse(await readFile(file, 'utf8')) as unknown;
  };
  // Of the latest training of each workload, from which follows how many steps take the wanted time.
  const rates = new Map<string, number>();
  return [
    {
      name: 'bench',
      async rate({ name }) {
        const result = (await run(
          'bench',
          '--workloads',
          name,
          '--backends',
          'webgpu',
          '--wait',
          `${wait}`,
        )) as BenchResult;
        const series = result.workloads[0]?.series.find(({ backend }) => backend === 'webgpu');
        if (!series) throw new Error('The result has no series of webgpu.');
        rates.set(name, series.estimate.middle);
        return series.estimate.middle;
      },
    },
    {
      name: 'train',
      async rate(workload) {
        const { name, batchSize } = workload;
        const known = rates.get(name) ?? batchSize;
        const steps = Math.max(20, Math.round((known * seconds) / batchSize));
        const { epochs } = (await run(...trainCommand(workload, steps))) as TrainReport;
        const sum = (of: 'samples' | 'seconds') =>
          epochs.reduce((total, epoch) => total + epoch[of], 0);
        rates.set(name, sum('samples') / sum('seconds'));
        return sum('samples') / sum('seconds');
      },
    },
  ];
}

interface BenchResult {
  readonly workloads: readonly {
    readonly series: readonly {
      readonly backend: string;
      readonly estimate: { readonly middle: number };
    }[];
  }[];
}

interface TrainReport {
  readonly epochs: readonly { readonly samples: number; readonly seconds: number }[];
}

function trainCommand({ network, batchSize, learningRate }: TrainingWorkload, steps: number) {
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
