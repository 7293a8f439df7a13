/** `nudge bench`. */
import { extname } from 'node:path';

import { LocalLab } from '../../benchmark/lab.ts';
import { resultCard } from '../../benchmark/result/card.ts';
import { resultCsv } from '../../benchmark/result/csv.ts';
import { resultMarkdown } from '../../benchmark/result/markdown.ts';
import { readResult } from '../../benchmark/result/read.ts';
import { ownBackends, type BenchmarkResult } from '../../benchmark/result/schema.ts';
import { writeResult } from '../../benchmark/result/write.ts';
import { runBenchmark } from '../../benchmark/runBenchmark.ts';
import { settingsRanges, type BenchmarkSettings } from '../../benchmark/settings.ts';
import type { BenchmarkEvent } from '../../benchmark/events.ts';
import { quickWorkloads, workloads } from '../../benchmark/workloads.ts';
import { readNodeEnvironment } from '../../node/nodeEnvironment.ts';
import {
  describePython,
  pythonBackends,
  pythonLoader,
  PythonPeers,
} from '../../node/pythonPeers.ts';
import type { PeerQuestion } from '../../page/jobs/benchArguments.ts';
import {
  configureBench,
  pythonOf,
  requireOnePlace,
  resumedSettings,
  type BenchArguments,
} from '../bench/configure.ts';
import { describeBenchmark } from '../bench/describe.ts';
import { isSound } from '../bench/problems.ts';
import { showProgress } from '../bench/progress.ts';
import type { CommandDefinition, Run } from '../command.ts';
import { findData, loadData } from '../dataSource.ts';
import { exitCodes, UsageError } from '../errors.ts';
import { prepareOutputs, readInput, writeAll, textOf } from '../files.ts';
import * as option from '../options.ts';
import { callPage, connectHost, openHost, type Host } from '../runtime.ts';
import { nudgeCommit, nudgeHomepage, nudgeVersion } from '../versions.ts';

type BenchOptions = BenchArguments &
  Pick<option.SharedArguments, 'data' | 'json'> &
  Readonly<Partial<Record<'csv' | 'markdown' | 'card', string>>>;

const { repeats, blocks, repeatSeconds, waitSeconds } = settingsRanges;

export const bench: CommandDefinition<BenchOptions> = {
  name: 'bench',
  summary: 'measure how fast this machine trains, on the GPU and on the CPU',
  description:
    'Trains networks of growing size on one CPU thread, on the fastest number of threads and on the GPU, in a browser without ' +
    'a window. Verifies the GPU against the reference and prints the speeds with 95 % intervals. Takes about four minutes, ' +
    'or half a minute with --quick. docs/benchmark.md describes the method. The exit code is 1 if the result is not ' +
    'verified, not complete, or void.',
  simple: [
    option.data(),
    option.text(
      '--quick',
      `run for half a minute: ${quickWorkloads.join(' and ')} in shorter repeats`,
    ),
    option.json(),
    option.text('--csv <file>', 'write a table with one row per repeat'),
    option.text('--markdown <file>', 'write the result as Markdown, for an issue'),
    option.text('--card <file>', 'write a picture of the result (SVG)'),
    option.resume('a stopped run from its --json', resumedSettings),
  ],
  advanced: [
    option.text(
      '--peers',
      'also measure TensorFlow.js and jax-js (in browsers), and PyTorch and NumPy (if Python has them)',
    ),
    option.text(
      '--python <path>',
      'with --peers: the interpreter to use; default: python3, with --connect none',
    ),
    option.text('--no-python', 'with --peers: leave PyTorch and NumPy out'),
    option.list(
      '--workloads <names...>',
      `any of ${workloads.map(({ name }) => name).join(', ')}; default: all, but huge only on a hardware adapter`,
      String,
    ),
    option.list('--backends <names...>', `any of ${ownBackends.join(', ')}; default: all`, String),
    option.whole('--repeats <n>', 'repeats per backend; default: 10', ...repeats),
    option.whole(
      '--blocks <n>',
      'groups of repeats, each in a fresh worker; default: 5',
      ...blocks,
    ),
    option.seconds(
      '--seconds <s>',
      'seconds per repeat, approximately; default: 0.3, with --quick 0.1',
      repeatSeconds,
    ),
    option.seconds('--wait <s>', 'seconds to wait for an idle processor; default: 20', waitSeconds),
    option.seed('seed of networks and orders; default: 1'),
    ...option.runtime('chromium'),
    option.text(
      '--connect <address>',
      'use a running browser, for example on a machine with a GPU: http://127.0.0.1:9222 or its ws://…',
    ),
    option.text(
      '--host <name>',
      'with --connect: the host of the page for that browser; default: 127.0.0.1. Browsers have WebGPU only on localhost and https://, so forward the port instead: ssh -R 8377:127.0.0.1:8377 MACHINE',
    ),
    option.whole('--port <n>', 'with --connect: port of the page; default: a free one', 1, 65_535),
  ],
  examples: [
    'nudge bench',
    'nudge bench --quick --json bench.json --markdown bench.md',
    'nudge bench --runtime node --workloads large,xl --backends cpu webgpu',
    'nudge bench --browser firefox',
    'nudge bench --connect http://127.0.0.1:9222 --port 8377',
    'nudge bench --resume bench.json --json bench.json   continue after Ctrl-C',
  ],
  onInterrupt: 'Stopping; finished measurements are kept. Press Ctrl-C again to end at once.',
  work: runBench,
};

async function runBench(run: Run, options: BenchOptions): Promise<void> {
  const { terminal } = run;
  const { json, connect, browser, runtime = browser === undefined ? 'chromium' : 'auto' } = options;
  requireOnePlace(options);
  const resume = options.resume === undefined ? undefined : await readEarlier(options.resume);
  const configured = configureBench(options, resume);
  const write = await prepareResult(run, options);
  const { source, note } = await findData(options.data);
  if (note !== undefined) terminal.note(note);

  const settings = options.peers === true ? await withPython(configured, options, run) : configured;
  const { backends } = settings;
  const isNeeded = backends !== undefined && !resume;
  const usesGpu = backends?.includes('webgpu') ?? true;
  const adapter = usesGpu ? (isNeeded ? 'needed' : 'wanted') : 'unused';
  const hostOptions = { ...options, runtime, adapter, source } as const;
  const host =
    connect === undefined
      ? await openHost(run, hostOptions)
      : await connectHost(run, connect, hostOptions);

  const show = showProgress(terminal);
  let latest: BenchmarkResult | undefined;
  const onEvent = (event: BenchmarkEvent) => {
    if (event.type === 'result') latest = event.result;
    show(event);
  };
  // Results are printed before files are written, so that a full disk does not lose them.
  const keep = async (result: BenchmarkResult) => {
    terminal.stopBar();
    terminal.result(...describeBenchmark(result));
    await write(result);
  };
  const python = pythonOf(options);
  const result = await measure(run, host, { settings, resume, python, onEvent }).catch(
    async (error: unknown) => {
      // A browser may crash half-way; the finished measurements are still useful.
      if (latest) await keep(latest);
      if (latest && json !== undefined && json !== '-') {
        terminal.note(`Finished measurements are in ${json}. Continue with --resume ${json}.`);
      }
      throw error;
    },
  );
  await keep(result);
  if (!isSound(result)) run.exit(exitCodes.failure);
}

interface Measurement {
  readonly settings: BenchmarkSettings;
  readonly resume: BenchmarkResult | undefined;
  /** The interpreter for PyTorch and NumPy; false leaves them out. */
  readonly python: string | false;
  readonly onEvent: (event: BenchmarkEvent) => void;
}

async function measure(
  run: Run,
  host: Host,
  { settings, resume, python, onEvent }: Measurement,
): Promise<BenchmarkResult> {
  const { signal } = run.interrupt;
  const { page, source, gpu } = host;
  if (page) {
    const peers = new PythonPeers(python);
    run.onEnd(() => {
      peers.end();
      return Promise.resolve();
    });
    return await callPage<BenchmarkResult>(
      ...([run, host, page, 'bench', { configuration: settings, resume }] as const),
      (event: BenchmarkEvent | PeerQuestion) =>
        event.type === 'peer' ? peers.answer(event) : onEvent(event),
    );
  }
  const data = await loadData(source);
  const loadPeer = pythonLoader(python);
  const commit = nudgeCommit();
  return await runBenchmark({
    ...settings,
    ...data,
    ...{ resume, signal, onEvent },
    openLab: () => Promise.resolve(new LocalLab({ ...data, gpu, loadPeer })),
    hostEnvironment: readNodeEnvironment(host.facts?.dawn),
    nudge: { version: nudgeVersion(), ...(commit !== '' && { commit }) },
  });
}

/** Adds the libraries that Python has, and prints which are missing. */
async function withPython(
  settings: BenchmarkSettings,
  options: BenchOptions,
  { terminal }: Run,
): Promise<BenchmarkSettings> {
  const python = pythonOf(options);
  if (python === false) {
    if (options.python === undefined) {
      terminal.note(
        'NumPy and PyTorch were left out: the browser of --connect may be on another machine. Give --python if it is on this one.',
      );
    }
    return settings;
  }
  const found = await describePython(python);
  for (const line of found.warnings) terminal.note(`Warning: ${line}`);
  for (const line of found.notes) terminal.note(line);
  return { ...settings, peers: [...(settings.peers ?? []), ...pythonBackends(found)] };
}

const formats = {
  csv: resultCsv,
  markdown: resultMarkdown,
  card: (result: BenchmarkResult) => resultCard(result, nudgeHomepage()),
} as const;

/** Checks the outputs. @returns a function that writes a result to all of them */
export async function prepareResult(
  run: Pick<Run, 'reportText'>,
  { json, csv, markdown, card }: Pick<BenchOptions, 'json' | keyof typeof formats>,
) {
  if (card !== undefined && extname(card).toLowerCase() !== '.svg') {
    throw new UsageError(`--card must name an .svg file; got '${card}'.`);
  }
  const files = await prepareOutputs(json, { csv, markdown, card });
  return async (result: BenchmarkResult) => {
    await writeAll(
      () => run.reportText(writeResult(result)),
      ...(['csv', 'markdown', 'card'] as const).map(
        (name) => async () => files[name]?.write(formats[name](result)),
      ),
    );
  };
}

/** @throws {FileError | FormatError} */
function readEarlier(path: string): Promise<BenchmarkResult> {
  return readInput(path, '--resume', (bytes) => readResult(textOf(bytes)));
}
