/** nudge beside other libraries, on the same work: `npm run bench:peers -- --help`. */
import { readFile } from 'node:fs/promises';

import { dataName, findData, loadData } from '../../src/cli/dataSource.ts';
import { exitCodes } from '../../src/cli/errors.ts';
import { BrowserError } from '../../src/errors.ts';
import type { JobData } from '../../src/benchmark/trainJob.ts';
import { adapterName } from '../../src/gpu/adapter.ts';
import type { AdapterDetails } from '../../src/page/jobs/environment.ts';
import { runProgram } from '../runProgram.ts';
import { contenders, type ContenderDescription } from './contenders.ts';
import { commandLine, createProgram, type Options } from './options.ts';
import { PeersBrowser, type MeasuringPlace } from './peersBrowser.ts';
import { findPython, pythonPlace } from './python.ts';
import { referenceCost } from './reference.ts';
import { findResultFiles, prepareFolder, type ResultFiles } from './resultFiles.ts';
import type { ContenderResult, FirstStepResult, PythonResults, Results } from './results.ts';
import {
  runFirstSteps,
  runTimesToAccuracy,
  runWorkload,
  type RunOptions,
  type WorkloadRun,
} from './run.ts';
import { writeData, type DataFolder } from './serveData.ts';
import { describeMachine, gitState, peerVersions } from './machine.ts';
import { workloads, type TrainingWorkload, type Workload } from './workloads.ts';

const log = (line: string) => process.stderr.write(`${line}\n`);

/** What all browsers of a run have in common. */
interface Run {
  readonly args: readonly string[];
  readonly options: Options;
  readonly chosen: readonly Workload[];
  readonly dataName: string;
  readonly data: DataFolder;
  readonly loaded: JobData;
  readonly referenceCosts: Readonly<Record<string, number>>;
  /** Where results go. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

async function main(args: readonly string[], signal: AbortSignal): Promise<void> {
  const options = createProgram().parse(args, { from: 'user' }).opts<Options>();
  const folder = await prepareFolder(options.out);
  const chosen = workloads.filter(({ name }) => options.workloads.includes(name));
  const { source, note } = await findData(options.data);
  if (note !== undefined) log(note);
  const loaded = await loadData(source);
  const data = await writeData(loaded);
  try {
    const run: Run = {
      ...{ args, options, chosen, data, loaded, folder, signal },
      dataName: dataName(source) === 'digits' ? 'digits' : loaded.training.name,
      referenceCosts: await computeReferences(chosen, loaded, signal),
    };
    let python: PythonResults | undefined;
    for (const browser of options.browsers) {
      try {
        python = await measureBrowser(browser, run, python);
      } catch (error) {
        // A browser that is absent, or cannot be started, is no reason to leave out the others.
        if (!(error instanceof BrowserError)) throw error;
        log(`error: ${error.message}`);
        process.exitCode = exitCodes.failure;
      }
    }
  } finally {
    data.dispose();
  }
}

async function computeReferences(
  chosen: readonly Workload[],
  { training }: JobData,
  signal: AbortSignal,
): Promise<Record<string, number>> {
  const costs: Record<string, number> = {};
  for (const workload of chosen) {
    if (workload.kind !== 'training') continue;
    signal.throwIfAborted();
    log(`${workload.name}: the reference, in float64`);
    costs[workload.name] = await referenceCost(workload, training);
  }
  return costs;
}

/**
 * Measures everything in one browser, and writes its files after each measurement.
 * @param python results of the browser before: they have nothing to do with browsers
 * @returns Python's results
 */
async function measureBrowser(
  wanted: string,
  run: Run,
  python: PythonResults | undefined,
): Promise<PythonResults> {
  run.signal.throwIfAborted();
  const browser = await PeersBrowser.open(wanted, run.options.adapter, run.data.mount);
  try {
    const begun = await begin(browser, run);
    const files = await findResultFiles(run.folder, begun, run.options.resume === true);
    const { known = begun, path } = files;
    if (known.isComplete) {
      log(`${browser.name}: ${path}.json is complete.`);
      return known.python;
    }
    if (files.known) log(`${browser.name}: going on with ${path}.json`);
    const record = new Recorder(python ? { ...known, python } : known, files);
    try {
      if (!python) {
        // Ended meanwhile, so that it disturbs nothing.
        await browser.stop();
        await measurePython(run, record);
      }
      await measureContenders(browser, run, record);
      await record.add({ isComplete: true });
    } finally {
      if (record.isWritten) await show(path, record.results);
    }
    return record.results.python;
  } finally {
    await browser.close();
  }
}

/** What is known so far, in the files as well. */
class Recorder {
  results: Results;
  isWritten = false;
  readonly #files: ResultFiles;

  constructor(results: Results, files: ResultFiles) {
    this.results = results;
    this.#files = files;
  }

  async add(more: Partial<Results>): Promise<void> {
    this.results = { ...this.results, ...more };
    await this.#files.write(this.results);
    this.isWritten = true;
  }

  /** Once each; written with the next result. */
  warn(sentence: string): void {
    const { warnings } = this.results;
    if (warnings.includes(sentence)) return;
    log(`Warning: ${sentence}`);
    this.results = { ...this.results, warnings: [...warnings, sentence] };
  }
}

async function measureContenders(browser: PeersBrowser, run: Run, record: Recorder): Promise<void> {
  const { options } = run;
  const measured = contenders.filter(({ name }) => options.contenders.includes(name));
  const common = runOptions(browser, measured, run);
  const { firstSteps, timesToAccuracy } = record.results;
  const firstStepOptions = { ...common, repeats: options.firstSteps };
  const saveFirstSteps = (all: readonly FirstStepResult[]) => record.add({ firstSteps: all });
  await runFirstSteps(browser, firstSteps, saveFirstSteps, firstStepOptions);
  await measureWorkloads(browser, common, run, {
    known: () => record.results.results,
    save: (results) => record.add({ results }),
    onShortfall: (sentence) => record.warn(sentence),
  });
  const { timeTo, timeToSteps, timeToLimit } = options;
  if (timeTo === undefined) return;
  await runTimesToAccuracy(
    browser,
    workloads.find((each): each is TrainingWorkload => each.name === 'mid')!,
    { accuracy: timeTo, stepsBetween: timeToSteps, limitSeconds: timeToLimit },
    timesToAccuracy,
    (all) => record.add({ timesToAccuracy: all }),
    { ...common, contenders: measured.filter(isTimedToAccuracy) },
  );
}

function runOptions(
  { name }: MeasuringPlace,
  measured: readonly ContenderDescription[],
  { options, signal }: Run,
): RunOptions {
  return {
    ...{ contenders: measured, repeats: options.repeats, seconds: options.seconds, signal },
    limitSeconds: options.limit,
    onProgress: (line) => log(`${name}: ${line}`),
  };
}

async function measureWorkloads(
  place: MeasuringPlace,
  options: RunOptions,
  { chosen, referenceCosts }: Run,
  results: Omit<WorkloadRun, 'workload' | 'referenceCost' | 'known'> & {
    readonly known: () => readonly ContenderResult[];
  },
): Promise<void> {
  for (const workload of chosen) {
    const known = results.known();
    const others = known.filter((one) => one.workload !== workload.name);
    const workloadRun: WorkloadRun = {
      ...{ ...results, workload, referenceCost: referenceCosts[workload.name] ?? NaN, known },
      save: (own) => results.save([...others, ...own]),
    };
    const able = options.contenders.filter((one) => workload.kind === 'training' || one.multiplies);
    await runWorkload(place, workloadRun, { ...options, contenders: able });
  }
}

/** The results before anything is measured. */
async function begin(browser: PeersBrowser, run: Run): Promise<Results> {
  const { repeats, seconds, firstSteps, timeTo, timeToSteps, timeToLimit } = run.options;
  const environment = await browser.environment();
  const version = await browser.version();
  const adapter = named(environment.adapter, run.options.adapterName);
  log(`${browser.name} ${version}: ${adapter ? adapterName(adapter) : 'no adapter'}`);
  return {
    isComplete: false,
    date: new Date().toISOString(),
    ...gitState(),
    command: commandLine(run.args),
    machine: describeMachine(),
    browser: { name: browser.kind, version },
    adapter,
    versions: peerVersions(),
    settings: {
      data: run.dataName,
      ...{ repeats, seconds, firstSteps, isIsolated: environment.isIsolated },
      workloads: run.chosen,
      ...(timeTo !== undefined && { timeTo, timeToSteps, timeToLimit }),
    },
    referenceCosts: run.referenceCosts,
    ...{ results: [], firstSteps: [], timesToAccuracy: [], warnings: [] },
    python: { results: [], versions: {}, libraries: [], notes: [], warnings: [] },
  };
}

async function measurePython(run: Run, record: Recorder): Promise<void> {
  const { python: executable } = run.options;
  if (executable === false) return;
  const { forms, ...found } = await findPython(executable, record.results.python);
  for (const line of found.warnings) log(`Warning: ${line}`);
  for (const line of found.notes) log(line);
  const save = (results: readonly ContenderResult[]) =>
    record.add({ python: { ...found, results } });
  await save(record.results.python.results);
  const place = pythonPlace(executable, run.loaded);
  const measured = forms.map((form) => ({ ...form, line: form.title }));
  await measureWorkloads(place, runOptions(place, measured, run), run, {
    ...{ known: () => record.results.python.results, save },
    onShortfall: (sentence) => record.warn(sentence),
  });
}

/** The tables on standard output, and where they are. */
async function show(path: string, { isComplete }: Results): Promise<void> {
  process.stdout.write(`${await readFile(`${path}.md`, 'utf8')}\n`);
  log(`Written: ${path}.json and .md`);
  if (!isComplete) log('Measurements are missing: the same command with --resume makes them.');
}

/** Firefox tells nothing of an adapter. */
function named(
  adapter: AdapterDetails | undefined,
  name: string | undefined,
): AdapterDetails | undefined {
  if (adapter === undefined || name === undefined) return adapter;
  const isNamed = [adapter.vendor, adapter.architecture, adapter.description].some(Boolean);
  return isNamed ? adapter : { ...adapter, description: name };
}

function isTimedToAccuracy({ name }: ContenderDescription): boolean {
  return name === 'nudge-webgpu' || name === 'tfjs-webgpu';
}

await runProgram(main);
