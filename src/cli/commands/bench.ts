/** `nudge bench`. */
import { Option, type Command } from 'commander';

import { readResult } from '../../benchmark/result/read.ts';
import { ownBackends, type BenchmarkResult } from '../../benchmark/result/schema.ts';
import { settingsRanges, type BenchmarkSettings } from '../../benchmark/settings.ts';
import { quickWorkloads, workloads } from '../../benchmark/workloads.ts';
import { FormatError } from '../../errors.ts';
import { describePython, pythonBackends } from '../../node/pythonPeers.ts';
import {
  configureBench,
  pythonOf,
  requireOnePlace,
  type BenchArguments,
} from '../bench/configure.ts';
import { describeBenchmark } from '../bench/describe.ts';
import { prepareOutputs, type BenchOutputs, type OutputArguments } from '../bench/outputs.ts';
import { openPlace, type BenchRun, type Place } from '../bench/place.ts';
import { isSound } from '../bench/problems.ts';
import { showProgress } from '../bench/progress.ts';
import { inRun, type Context, type Run } from '../context.ts';
import { findData } from '../dataSource.ts';
import { exitCodes } from '../errors.ts';
import { readInput } from '../files.ts';
import * as option from '../options.ts';

type BenchOptions = BenchArguments & OutputArguments & option.DataArguments;

export function addBench(program: Command, context: Context): void {
  const bench = program
    .command('bench')
    .summary('how fast this machine trains, on the GPU and on the CPU')
    .description(
      'Trains a ladder of networks on one thread of the CPU, on as many as are fastest and on the GPU, in a browser ' +
        'without a window, holds the GPU against the reference, and says how fast each was, with 95 % intervals. Takes ' +
        'some four minutes, with --quick half of one; docs/benchmark.md has the method. The exit code is 1 when something ' +
        'was not verified, not finished, or voids the score.',
    );
  option.addData(bench);
  option.add(
    bench,
    'simple',
    new Option('--quick', `in half a minute: ${quickWorkloads.join(' and ')}, in shorter repeats`),
  );
  option.addJson(bench);
  const outputs = [
    ['csv', 'write a table with a row a repeat'],
    ['markdown', 'write the result to be pasted into an issue'],
    ['card', 'write a picture of the result, in SVG'],
  ] as const;
  for (const [name, description] of outputs) {
    option.add(bench, 'simple', new Option(`--${name} <file>`, description));
  }
  option.add(
    bench,
    'simple',
    new Option('--resume <file>', 'go on with a run that was stopped, from its --json'),
  );

  const advanced = [
    new Option(
      '--peers',
      'train the same beside with TensorFlow.js and jax-js, in browsers only, and with PyTorch and NumPy where Python has them',
    ),
    new Option(
      '--python <path>',
      'with --peers: the interpreter that has PyTorch and NumPy; default: python3, with --connect none',
    ),
    new Option('--no-python', 'with --peers: leave PyTorch and NumPy out'),
    new Option(
      '--workloads <names...>',
      `of ${workloads.map(({ name }) => name).join(', ')}; default: all, but huge on hardware only`,
    ),
    new Option(
      '--backends <names...>',
      `who trains them, of ${ownBackends.join(', ')} (cpu-1: one thread); default: all`,
    ),
    option.whole('--repeats <n>', 'of each backend; default: 10', ...settingsRanges.repeats),
    option.whole(
      '--blocks <n>',
      'into which the repeats are cut, each in a fresh worker; default: 5',
      ...settingsRanges.blocks,
    ),
    option.number('--seconds <s>', 'of a repeat, about; default: 0.3, with --quick 0.1'),
    option.number(
      '--wait <s>',
      'for other programs to leave the processor alone, at most; default: 20',
    ),
    option.seed('of networks and orders; default: 1'),
  ];
  for (const one of advanced) option.add(bench, 'advanced', one);
  option.addRuntime(bench, 'chromium');
  const elsewhere = [
    new Option(
      '--connect <address>',
      'a browser that runs already, on a machine with a GPU say: http://127.0.0.1:9222 or its ws://…',
    ),
    new Option(
      '--host <name>',
      "with --connect: where that browser finds the page; default: 127.0.0.1. Anywhere but on localhost and https:// browsers have no WebGPU: rather make the port the other machine's own, ssh -R 8377:127.0.0.1:8377 MACHINE",
    ),
    option.whole('--port <n>', 'with --connect: of the page; default: a free one', 1, 65_535),
  ];
  for (const one of elsewhere) option.add(bench, 'advanced', one);
  option.addHelp(
    bench,
    'nudge bench',
    'nudge bench --quick --json bench.json --markdown bench.md',
    'nudge bench --runtime node --workloads large,xl --backends cpu webgpu',
    'nudge bench --browser firefox',
    'nudge bench --connect http://127.0.0.1:9222 --port 8377',
    'nudge bench --resume bench.json --json bench.json   what Ctrl-C left undone',
  );
  bench.action((options: BenchOptions) => runBench(options, context));
}

async function runBench(options: BenchOptions, context: Context): Promise<void> {
  const onInterrupt = 'Stopping; what is finished is kept. Press Ctrl-C again to end at once.';
  await inRun(context, { json: options.json, onInterrupt }, async (run) => {
    const { terminal, interrupt } = run;
    requireOnePlace(options);
    const resume = options.resume === undefined ? undefined : await readFrom(options.resume);
    const configured = configureBench(options, resume);
    const outputs = await prepareOutputs(options, run.json);
    const { source, note } = await findData(options.data);
    if (note !== undefined) terminal.note(note);

    const python = pythonOf(options);
    const settings =
      options.peers === true ? await withPython(configured, options, run) : configured;
    const { backends } = settings;
    const adapter = backends === undefined || resume ? 'wanted' : 'needed';
    const { runtime = options.browser === undefined ? 'chromium' : 'auto' } = options;
    const place = await openPlace({
      ...options,
      ...{ runtime, source, python },
      adapter: (backends?.includes('webgpu') ?? true) ? adapter : 'unused',
    });
    try {
      for (const line of place.notes) terminal.note(line);
      const result = await runAt(place, { settings, resume, signal: interrupt.signal }, run, {
        outputs,
        json: options.json,
      });
      // Shown before it is written, so that a full disk does not cost the whole run.
      for (const line of describeBenchmark(result)) terminal.result(line);
      await outputs.write(result);
      if (!isSound(result)) context.exit(exitCodes.failure);
      if (interrupt.interruption) context.exit(interrupt.interruption.exitCode);
    } finally {
      await place.close();
    }
  });
}

/** Adds the libraries that Python has, and says what it lacks. */
async function withPython(
  settings: BenchmarkSettings,
  options: BenchOptions,
  { terminal }: Run,
): Promise<BenchmarkSettings> {
  const { connect, python: given } = options;
  const python = pythonOf(options);
  if (python === false) {
    if (connect !== undefined && given === undefined) {
      terminal.note(
        'NumPy and PyTorch were left out: the browser of --connect may be on another machine. Where it is on this one, name --python.',
      );
    }
    return settings;
  }
  const found = await describePython(python);
  for (const line of found.warnings) terminal.note(`Warning: ${line}`);
  for (const line of found.notes) terminal.note(line);
  return { ...settings, peers: [...(settings.peers ?? []), ...pythonBackends(found)] };
}

/** Runs it; where that fails half-way, for a browser that crashes say, what was finished is written. */
async function runAt(
  place: Place,
  run: Omit<BenchRun, 'onEvent'>,
  { terminal }: Run,
  { outputs, json }: { readonly outputs: BenchOutputs; readonly json: string | undefined },
): Promise<BenchmarkResult> {
  const progress = showProgress(terminal);
  let latest: BenchmarkResult | undefined;
  try {
    return await place.run({
      ...run,
      onEvent: (event) => {
        if (event.type === 'result') latest = event.result;
        progress.onEvent(event);
      },
    });
  } catch (error) {
    if (latest) {
      for (const line of describeBenchmark(latest)) terminal.result(line);
      await outputs.write(latest);
      if (json !== undefined && json !== '-') {
        terminal.note(`What was finished is in ${json}: go on with --resume ${json}.`);
      }
    }
    throw error;
  } finally {
    progress.stop();
  }
}

/** @throws {FileError | FormatError} */
async function readFrom(path: string): Promise<BenchmarkResult> {
  const bytes = await readInput(path, '--resume');
  try {
    return readResult(new TextDecoder().decode(bytes));
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new FormatError(`In ${path}: ${error.message}`, error.offset, { cause: error });
  }
}
