/** nudge beside other libraries, on the same work: `npm run bench:peers -- --help`. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { CommanderError } from 'commander';
import { format, resolveConfig } from 'prettier';

import { dataName, findData, loadData } from '../../src/cli/dataSource.ts';
import { describeError, exitCodeOf, exitCodes } from '../../src/cli/errors.ts';
import { BrowserError } from '../../src/errors.ts';
import type { WorkData } from '../../src/benchmark/trainJob.ts';
import { adapterName } from '../../src/gpu/adapter.ts';
import type { AdapterDetails } from '../../src/page/jobs/environment.ts';
import { contenders, type ContenderDescription } from './contenders.ts';
import { commandLine, createProgram, type Options } from './options.ts';
import { PeersBrowser } from './peersBrowser.ts';
import { runPython, type PythonResults } from './python.ts';
import { referenceCost } from './reference.ts';
import { markdownReport } from './report.ts';
import type { Results } from './results.ts';
import { resultName } from './resultName.ts';
import { runFirstSteps, runTimesToAccuracy, runWorkload, type RunOptions } from './run.ts';
import { writeData } from './serveData.ts';
import { describeMachine, gitState, peerVersions } from './surroundings.ts';
import { workloads, type TrainingWorkload, type Workload } from './workloads.ts';

const log = (line: string) => process.stderr.write(`${line}\n`);

async function main(args: readonly string[]): Promise<void> {
  const options = createProgram().parse(args, { from: 'user' }).opts<Options>();
  const chosen = workloads.filter(({ name }) => options.workloads.includes(name));
  const { source, note } = await findData(options.data);
  if (note !== undefined) log(note);
  const data = await loadData(source);
  const folder = await writeData(data);
  try {
    const referenceCosts = await computeReferences(chosen, data);
    const python = await measurePython(options, chosen, folder.path, referenceCosts);
    for (const browser of options.browsers) {
      try {
        const results = await measureBrowser(browser, options, {
          args,
          chosen,
          dataName: dataName(source) === 'digits' ? 'digits' : data.training.name,
          mount: folder.mount,
          referenceCosts,
          python,
        });
        await writeResults(options.out, results);
      } catch (error) {
        // One that is not there, or cannot be started, is no reason to leave out the others.
        if (!(error instanceof BrowserError)) throw error;
        log(`error: ${error.message}`);
        process.exitCode = exitCodes.failure;
      }
    }
  } finally {
    folder.dispose();
  }
}

async function computeReferences(
  chosen: readonly Workload[],
  { training }: WorkData,
): Promise<Record<string, number>> {
  const costs: Record<string, number> = {};
  for (const workload of chosen) {
    if (workload.kind !== 'training') continue;
    log(`${workload.name}: the reference, in float64`);
    costs[workload.name] = await referenceCost(workload, training);
  }
  return costs;
}

async function measurePython(
  { python: executable, repeats, seconds }: Options,
  chosen: readonly Workload[],
  dataFolder: string,
  referenceCosts: Readonly<Record<string, number>>,
): Promise<PythonResults> {
  if (executable === false) return { results: [], versions: {}, notes: [] };
  const results = await runPython({
    executable,
    workloads: chosen,
    dataFolder,
    referenceCosts,
    repeats,
    seconds,
    onProgress: log,
  });
  for (const note of results.notes) log(note);
  return results;
}

async function measureBrowser(
  wanted: string,
  options: Options,
  given: {
    readonly args: readonly string[];
    readonly chosen: readonly Workload[];
    readonly dataName: string;
    readonly mount: Awaited<ReturnType<typeof writeData>>['mount'];
    readonly referenceCosts: Readonly<Record<string, number>>;
    readonly python: PythonResults;
  },
): Promise<Results> {
  const { adapter, repeats, seconds, limit, timeTo } = options;
  const measured: readonly ContenderDescription[] = contenders.filter(({ name }) =>
    options.contenders.includes(name),
  );
  const browser = await PeersBrowser.open(wanted, adapter, given.mount);
  const run: RunOptions = {
    contenders: measured,
    repeats,
    seconds,
    limitSeconds: limit,
    onProgress: (line) => log(`${browser.name}: ${line}`),
  };
  try {
    const environment = await browser.environment();
    const version = await browser.version();
    const name = environment.adapter ? adapterName(environment.adapter) : 'no adapter';
    log(`${browser.name} ${version}: ${name}`);
    const firstSteps =
      options.firstSteps === 0
        ? []
        : await runFirstSteps(browser, { ...run, repeats: options.firstSteps });
    const results = [];
    for (const workload of given.chosen) {
      const able = measured.filter((each) => workload.kind === 'training' || hasProduct(each));
      const reference = given.referenceCosts[workload.name] ?? NaN;
      results.push(
        ...(await runWorkload(browser, workload, reference, { ...run, contenders: able })),
      );
    }
    const timesToAccuracy =
      timeTo === undefined
        ? []
        : await runTimesToAccuracy(
            browser,
            workloads.find((each): each is TrainingWorkload => each.name === 'mid')!,
            {
              accuracy: timeTo,
              stepsBetween: options.timeToSteps,
              limitSeconds: options.timeToLimit,
            },
            { ...run, contenders: measured.filter((each) => isTimedToAccuracy(each)) },
          );
    return {
      date: new Date().toISOString(),
      ...gitState(),
      command: commandLine(given.args),
      machine: describeMachine(),
      browser: { name: browser.kind, version },
      adapter: named(environment.adapter, options.adapterName),
      versions: { ...peerVersions(), ...given.python.versions },
      settings: {
        data: given.dataName,
        repeats,
        seconds,
        firstSteps: options.firstSteps,
        isIsolated: environment.isIsolated,
        workloads: given.chosen,
      },
      referenceCosts: given.referenceCosts,
      results,
      firstSteps,
      timesToAccuracy,
      python: given.python.results,
      notes: given.python.notes,
    };
  } finally {
    await browser.close();
  }
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

/** nudge's CPU engine has no kernel that is a product of matrices and nothing else. */
function hasProduct({ name }: ContenderDescription): boolean {
  return name !== 'nudge-cpu';
}

function isTimedToAccuracy({ name }: ContenderDescription): boolean {
  return name === 'nudge-webgpu' || name === 'tfjs-webgpu';
}

async function writeResults(out: string, results: Results): Promise<void> {
  const folder = resolve(out);
  await mkdir(folder, { recursive: true });
  const path = join(folder, resultName(results));
  const markdown = markdownReport(results);
  const texts = { json: JSON.stringify(results), md: markdown };
  for (const [kind, text] of Object.entries(texts)) {
    const filepath = `${path}.${kind}`;
    // As the rest of the repository is written, so that results can be kept in it.
    const config = await resolveConfig(filepath);
    await writeFile(filepath, await format(text, { ...config, filepath }));
  }
  process.stdout.write(`${markdown}\n`);
  log(`Written: ${path}.json and .md`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : exitCodes.usage;
  } else {
    log(`error: ${describeError(error)}`);
    process.exitCode = exitCodeOf(error);
  }
}
