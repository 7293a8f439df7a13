/** Has python/peers.py measure what Python has on this machine: PyTorch, NumPy. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Network } from '../../src/network/network.ts';
import { productError, randomMatrix } from './matrices.ts';
import type { ContenderResult, Sample } from './results.ts';
import { judgeCost, judgeProduct, type Verdict } from './statistics.ts';
import { workOf, type Workload } from './workloads.ts';

/** What the script writes: one entry a contender and workload. */
interface PythonOutput {
  readonly versions: Readonly<Record<string, string>>;
  /** What is absent, a sentence each. */
  readonly notes: readonly string[];
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
  readonly onProgress: (line: string) => void;
}

export interface PythonResults {
  readonly results: readonly ContenderResult[];
  readonly versions: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
}

export async function runPython(options: PythonOptions): Promise<PythonResults> {
  const folder = await mkdtemp(join(tmpdir(), 'nudge-peers-python-'));
  try {
    const { workloads, dataFolder, repeats, seconds } = options;
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
    const task = { workloads, dataFolder, folder, repeats, seconds };
    await writeFile(join(folder, 'task.json'), JSON.stringify(task));
    const failure = await runScript(options.executable, folder, options.onProgress);
    if (failure !== undefined) return { results: [], versions: {}, notes: [failure] };
    const text = await readFile(join(folder, 'results.json'), 'utf8');
    const output = JSON.parse(text) as PythonOutput;
    const results = await Promise.all(
      output.results.map((result) => toContenderResult(result, options)),
    );
    return { results, versions: output.versions, notes: output.notes };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** @returns why it did not come to an end, in a sentence; undefined when it did */
function runScript(
  executable: string,
  folder: string,
  onProgress: (line: string) => void,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const script = join(import.meta.dirname, 'python/peers.py');
    const child = spawn(executable, [script, folder], { stdio: ['ignore', 'inherit', 'pipe'] });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-2000);
      for (const line of text.split('\n')) if (line !== '') onProgress(line);
    });
    child.on('error', ({ message }) => {
      resolve(`Python's libraries were not measured: ${executable} does not start (${message}).`);
    });
    child.on('close', (code) => {
      const last = said.trim().split('\n').at(-1) ?? '';
      resolve(
        code === 0
          ? undefined
          : `Python's libraries were not measured: ${executable} ended with code ${code} (${last}).`,
      );
    });
  });
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
    if (workload.kind === 'training') {
      return judgeCost(checkedCost ?? NaN, referenceCosts[workload.name]!, finalCost ?? NaN);
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
