/** Has python/peers.py measure what Python has on this machine: PyTorch, NumPy. */
import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { UsageError } from '../../src/cli/errors.ts';
import { Network } from '../../src/network/network.ts';
import { TemporaryFolder } from '../../src/node/temporaryFolder.ts';
import { productError, randomMatrix } from './matrices.ts';
import type { ContenderResult, PythonLibrary, PythonResults, Sample } from './results.ts';
import { judgeCost, judgeProduct, type Verdict } from './statistics.ts';
import { workOf, type Workload } from './workloads.ts';

/** What the script writes: one entry a contender and workload. */
interface PythonOutput {
  readonly versions: Readonly<Record<string, string>>;
  /** What is absent, a sentence each. */
  readonly notes: readonly string[];
  readonly libraries: readonly PythonLibrary[];
  readonly results: readonly {
    readonly contender: string;
    readonly title: string;
    readonly computesOn: 'gpu' | 'cpu';
    readonly workload: string;
    readonly samples: readonly { readonly times: number; readonly seconds: number }[];
    readonly checkedCost?: number;
    readonly finalCost?: number;
    /** Path of the product, float32. */
    readonly product?: string;
    readonly failure?: string;
  }[];
}

export interface PythonOptions {
  /** The interpreter. */
  readonly executable: string;
  readonly workloads: readonly Workload[];
  /** Folder with the data as the page gets it. */
  readonly dataFolder: string;
  readonly referenceCosts: Readonly<Record<string, number>>;
  readonly repeats: number;
  readonly seconds: number;
  /** What was measured before; only what is missing is measured. */
  readonly known?: PythonResults | undefined;
  /** Ends it after the measurement under way. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress: (line: string) => void;
  /** Takes all results so far, after each measurement. */
  readonly onResults?: ((results: PythonResults) => Promise<void>) | undefined;
}

/** @returns all results, those of `known` included; fewer than wanted once the signal has aborted */
export async function runPython(options: PythonOptions): Promise<PythonResults> {
  const { executable, known, onProgress, onResults } = options;
  const folder = await TemporaryFolder.create('nudge-peers-python-');
  folder.removeAtExit();
  try {
    await writeTask(folder.path, options);
    const read = async () => merge(known, await readOutput(folder.path, options));
    let saved = Promise.resolve();
    const failure = await runScript(executable, folder.path, options.signal, (line) => {
      onProgress(line);
      if (onResults) saved = saved.then(async () => onResults(await read()));
    });
    await saved;
    const results = await read();
    return failure === undefined ? results : { ...results, notes: [...results.notes, failure] };
  } finally {
    folder.dispose();
  }
}

async function writeTask(folder: string, options: PythonOptions): Promise<void> {
  const { workloads, dataFolder, repeats, seconds, known } = options;
  for (const workload of workloads) {
    if (workload.kind === 'training') {
      const { parameters } = new Network(workload.network);
      await writeFile(join(folder, `${workload.name}.parameters`), parameters);
    } else {
      for (const [name, seed] of [
        ['a', 1],
        ['b', 2],
      ] as const) {
        const matrix = randomMatrix(workload.size, seed);
        await writeFile(join(folder, `${workload.name}.${name}`), matrix);
      }
    }
  }
  const done: Record<string, Record<string, number>> = {};
  for (const { workload, contender, verdict, samples } of known?.results ?? []) {
    // A form that was wrong or failed is not tried again.
    const count = verdict.kind === 'right' ? samples.length : repeats;
    (done[workload] ??= {})[contender] = count;
  }
  const task = { workloads, dataFolder, folder, repeats, seconds, done };
  await writeFile(join(folder, 'task.json'), JSON.stringify(task));
}

/** @returns why it did not come to an end, in a sentence; undefined when it did */
function runScript(
  executable: string,
  folder: string,
  signal: AbortSignal | undefined,
  onProgress: (line: string) => void,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const script = join(import.meta.dirname, 'python/peers.py');
    const child = spawn(executable, [script, folder], { stdio: ['ignore', 'inherit', 'pipe'] });
    const stop = () => child.kill('SIGTERM');
    const kill = () => child.kill('SIGKILL');
    signal?.addEventListener('abort', stop);
    process.once('exit', kill);
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-2000);
      for (const line of text.split('\n')) if (line !== '') onProgress(line);
    });
    const end = (failure: string | undefined) => {
      signal?.removeEventListener('abort', stop);
      process.off('exit', kill);
      resolve(failure);
    };
    child.on('error', ({ message }) => {
      end(`Python's libraries were not measured: ${executable} does not start (${message}).`);
    });
    child.on('close', (code, killedBy) => {
      // Python that is told to stop before it listens has measured nothing yet.
      const isStopped = signal?.aborted === true && killedBy === 'SIGTERM';
      const last = said.trim().split('\n').at(-1) ?? '';
      const how = killedBy ?? `code ${code ?? ''}`;
      if (code === 0 || isStopped) end(undefined);
      else
        end(`Python's libraries were not all measured: ${executable} ended with ${how} (${last}).`);
    });
  });
}

async function readOutput(
  folder: string,
  options: PythonOptions,
): Promise<PythonResults | undefined> {
  let text: string;
  try {
    text = await readFile(join(folder, 'results.json'), 'utf8');
  } catch (error) {
    // Nothing was measured yet.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const { versions, notes, libraries, results } = JSON.parse(text) as PythonOutput;
  const warnings = libraries.flatMap((library) => blasWarning(library) ?? []);
  return {
    results: await Promise.all(results.map((result) => toContenderResult(result, options))),
    ...{ versions, notes, libraries, warnings },
  };
}

/**
 * Adds what is new to what was known. The libraries are described as they are now.
 * @throws {UsageError} where they are not those that the known results were made with
 */
function merge(known: PythonResults | undefined, found: PythonResults | undefined): PythonResults {
  const empty = { results: [], versions: {}, notes: [], libraries: [], warnings: [] };
  if (!known || !found) return found ?? known ?? empty;
  const setup = ({ versions, libraries }: PythonResults) =>
    JSON.stringify([versions, libraries.map(({ blas, file, threads }) => [blas, file, threads])]);
  if (known.results.length > 0 && setup(known) !== setup(found)) {
    throw new UsageError(
      `Python's libraries are not those of the unfinished result: ${setup(known)} then, ${setup(found)} now. Run without --resume.`,
    );
  }
  const isSame = (a: ContenderResult, b: ContenderResult) =>
    a.contender === b.contender && a.workload === b.workload;
  const results = known.results.map((before) => {
    const now = found.results.find((result) => isSame(result, before));
    return now ? { ...now, samples: [...before.samples, ...now.samples] } : before;
  });
  const added = found.results.filter((now) => !known.results.some((before) => isSame(now, before)));
  return { ...found, results: [...results, ...added] };
}

/** Products of an optimised BLAS make at least so many times the GFLOP/s of NumPy's element-wise multiplication. */
const leastGain = 2;

/** What to tell of a library whose matrix products are far from what this machine can do; undefined of a fast one. */
export function blasWarning(library: PythonLibrary): string | undefined {
  const { library: name, blas, gigaflops, elementGigaflops } = library;
  const rate = `${gigaflops.toFixed(1)} GFLOP/s in a product of 512 × 512`;
  if (blas === 'reference BLAS') {
    return `${name} uses the reference BLAS (${rate}), tens of times slower than OpenBLAS: install libopenblas0 and run again.`;
  }
  if (gigaflops < leastGain * elementGigaflops) {
    return (
      `${name} makes ${rate}, and ${elementGigaflops.toFixed(1)} where it multiplies element by element: its BLAS ` +
      `(${blas ?? 'unknown'}) is not optimised, or something else keeps the cores busy. Install OpenBLAS or free the machine, and run again.`
    );
  }
  return undefined;
}

async function toContenderResult(
  result: PythonOutput['results'][number],
  { workloads, referenceCosts }: PythonOptions,
): Promise<ContenderResult> {
  const { contender, title, computesOn, failure, checkedCost, finalCost, product } = result;
  const workload = workloads.find(({ name }) => name === result.workload)!;
  const samples = result.samples.map(({ times, seconds }): Sample => ({
    times,
    seconds,
    rate: workOf(workload, times) / seconds,
  }));
  const judge = async (): Promise<Verdict> => {
    if (failure !== undefined) return { kind: 'failed', reason: failure };
    // Prepared, and stopped before it was measured: its checked cost is known, the cost after a run is not.
    if (workload.kind === 'training') {
      const final = samples.length === 0 ? (checkedCost ?? NaN) : (finalCost ?? NaN);
      return judgeCost(checkedCost ?? NaN, referenceCosts[workload.name]!, final);
    }
    const { buffer } = Uint8Array.from(await readFile(product!));
    const [a, b] = [randomMatrix(workload.size, 1), randomMatrix(workload.size, 2)];
    return judgeProduct(productError(workload.size, a, b, new Float32Array(buffer)));
  };
  return {
    contender,
    line: title,
    title,
    computesOn,
    workload: workload.name,
    verdict: await judge(),
    samples,
  };
}
