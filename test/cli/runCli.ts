/** Runs the command line in a folder: as users do, in its own process, or in this one. */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { vi } from 'vitest';

import { mnistFiles, type MnistRole } from '../../src/data/mnist.ts';
import { Random } from '../../src/network/random.ts';
import { run } from '../support/commandLine.ts';
import { makeIdx } from '../support/idxFiles.ts';

const root = new URL('../../', import.meta.url);
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

export interface CliOptions {
  readonly cwd: string;
  /** Path of the program in the repository. Default: `nudge`. */
  readonly program?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Whether stdout and stderr look like a terminal to the process. */
  readonly isTerminal?: boolean;
  /** File descriptor that stdout goes to. Default: the result's `stdout`. */
  readonly stdout?: number;
  /** Sends a signal when stdout and stderr together match for the first time. */
  readonly signalAt?: { readonly pattern: RegExp; readonly name: 'SIGINT' | 'SIGTERM' };
}

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `nudge` with these arguments to its end. */
export function runCli(args: readonly string[], options: CliOptions): Promise<CliResult> {
  // Vite clears the terminal's line after a build, even if it is silent.
  const pretend =
    'data:text/javascript,process.stdout.isTTY = true; process.stderr.isTTY = true;' +
    'process.stdout.clearLine = process.stdout.cursorTo = () => true;';
  const main = fileURLToPath(new URL(options.program ?? 'src/cli/main.ts', root));
  const child = spawn(
    process.execPath,
    ['--import', tsx, ...(options.isTerminal ? ['--import', pretend] : []), main, ...args],
    {
      cwd: options.cwd,
      // The machine's own MNIST must not affect the tests.
      env: { ...process.env, MNIST_DIR: '', ...options.environment },
      stdio: ['ignore', options.stdout ?? 'pipe', 'pipe'],
    },
  );
  const result = { code: null as number | null, stdout: '', stderr: '' };
  let isSignalled = false;
  const look = () => {
    const { signalAt } = options;
    if (isSignalled || !signalAt?.pattern.test(result.stdout + result.stderr)) return;
    isSignalled = true;
    child.kill(signalAt.name);
  };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      result[name] += text;
      look();
    });
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ ...result, code }));
  });
}

/**
 * The same in this process, which saves the second that a new one takes to start. It is not for signals, nor for variables
 * that Node or a driver reads when it starts.
 */
export async function callCli(
  args: readonly string[],
  { cwd, environment }: Pick<CliOptions, 'cwd' | 'environment'>,
): Promise<CliResult> {
  const before = process.cwd();
  process.chdir(cwd);
  for (const [name, value] of Object.entries({ MNIST_DIR: '', ...environment })) {
    vi.stubEnv(name, value);
  }
  try {
    return await run(...args);
  } finally {
    vi.unstubAllEnvs();
    process.chdir(before);
  }
}

/** Makes a temporary folder. */
export function makeFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'nudge-cli-'));
}

/** Writes the four MNIST files with few small images, whose classes can be learned. */
export async function writeTinyMnist(
  folder: string,
  { trainingCount = 200, testCount = 50, side = 4 } = {},
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const random = new Random(7, 1000);
  const half = (count: number) => {
    const labels = Array.from({ length: count }, (_, n) => n % 10);
    const images = labels.flatMap((label) =>
      Array.from({ length: side * side }, (_, pixel) =>
        pixel % 10 === label ? 255 - random.integer(64) : random.integer(96),
      ),
    );
    return { images: makeIdx([count, side, side], images), labels: makeIdx([count], labels) };
  };
  const training = half(trainingCount);
  const test = half(testCount);
  const files: Record<MnistRole, Uint8Array> = {
    trainingImages: training.images,
    trainingLabels: training.labels,
    testImages: test.images,
    testLabels: test.labels,
  };
  for (const { role, name } of mnistFiles) await writeFile(join(folder, name), files[role]);
}

/** The parts of the reports of `nudge train` and `nudge evaluate` that the tests read. */
export interface Report {
  readonly configuration: Record<string, unknown>;
  readonly runtime: Record<string, unknown>;
  readonly backend: string;
  readonly adapter: { readonly isSoftware: boolean } | null;
  readonly parameterCount: number;
  readonly epochs: readonly Record<string, number | boolean>[];
  readonly steps: number;
  readonly isStopped: boolean;
  readonly evaluation: {
    readonly cost: number;
    readonly accuracy: number;
    readonly confusion: readonly (readonly number[])[];
  };
  readonly sha256: string;
}

/** A report without its times, which differ from run to run. */
export function withoutTimes(report: Report): Report {
  const epochs = report.epochs.map((epoch) => ({
    ...epoch,
    seconds: 0,
    samplesPerSecond: 0,
    gpuSeconds: 0,
  }));
  return { ...report, epochs };
}
