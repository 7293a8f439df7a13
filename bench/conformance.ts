/**
 * Checks every kernel in each implementation of WebGPU that this machine has, and prints the worst errors as one table:
 * `npm run conformance -- --help`. Dawn is checked once more with the limits that every adapter has and without optional
 * features.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { Command } from 'commander';

import { verify, type VerificationReport } from '../src/benchmark/verification/verify.ts';
import { number, whole } from '../src/cli/options.ts';
import { formatTable } from '../src/cli/table.ts';
import { digits } from '../src/data/digits/digits.ts';
import { NudgeError } from '../src/errors.ts';
import { adapterName } from '../src/gpu/adapter.ts';
import { createGpu } from '../src/node/dawn.ts';
import { log, runProgram } from './runProgram.ts';

interface Options {
  readonly rounds: number;
  readonly fraction: number;
  readonly plans: number;
}

export function createConformanceProgram(): Command {
  return new Command('conformance')
    .description(
      'Checks every kernel in Node, Chromium, Firefox and Deno, as far as they are there.',
    )
    .addOption(whole('--rounds <n>', 'random inputs per kernel').default(1))
    .addOption(number('--fraction <share>', "share of each kernel's cases").default(1))
    .addOption(whole('--plans <n>', 'random plans', 0).default(100))
    .exitOverride();
}

const run = promisify(execFile);

async function checkWith(options: Options, ...runtime: string[]): Promise<VerificationReport> {
  const folder = await mkdtemp(join(tmpdir(), 'nudge-conformance-'));
  const file = join(folder, 'report.json');
  const { rounds, fraction, plans } = options;
  const amount = ['--rounds', `${rounds}`, '--fraction', `${fraction}`, '--plans', `${plans}`];
  const program = join(import.meta.dirname, '../src/cli/main.ts');
  try {
    const args = ['--import', 'tsx', program, 'check', ...amount, '--json', file, ...runtime];
    // A failed check is exit code 1 as well; then there is a report.
    const ended = await run(process.execPath, args).catch((error: unknown) => error);
    const report = await readFile(file, 'utf8').catch(() => {
      throw ended;
    });
    return JSON.parse(report) as VerificationReport;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function checkInDeno({ rounds, fraction, plans }: Options): Promise<VerificationReport> {
  const program = join(import.meta.dirname, 'verifyInDeno.ts');
  const flags = ['run', '-A', '--unstable-webgpu'];
  const { stdout } = await run('deno', [
    ...flags,
    program,
    ...[rounds, fraction, plans].map(String),
  ]);
  const report = JSON.parse(stdout) as VerificationReport | null;
  if (!report) throw new NudgeError('Deno finds no WebGPU adapter.');
  return report;
}

/** Dawn's adapter as one that has nothing beyond the default, under a name for which no plan was made. */
async function leastGpu(): Promise<GPU> {
  const gpu = await createGpu();
  // A device that nothing is asked of has the default limits: https://gpuweb.github.io/gpuweb/#limits
  const least = await (await gpu.requestAdapter())?.requestDevice();
  least?.destroy();
  const requestAdapter = async (options?: GPURequestAdapterOptions) => {
    const adapter = await gpu.requestAdapter(options);
    return (
      adapter && {
        info: { vendor: 'default limits', architecture: '', device: '', description: '' },
        ...{ features: new Set(), limits: least?.limits },
        // Like `least`. It refuses what goes beyond.
        requestDevice: () => adapter.requestDevice(),
      }
    );
  };
  return { requestAdapter } as unknown as GPU;
}

async function checkLeast({ rounds, fraction, plans }: Options): Promise<VerificationReport> {
  const { training } = digits({ trainingCount: 1000, testCount: 1 });
  return await verify({ gpu: await leastGpu(), data: training, rounds, fraction, plans });
}

const places: readonly (readonly [string, (options: Options) => Promise<VerificationReport>])[] = [
  ['Node', (options) => checkWith(options, '--runtime', 'node')],
  ['Node, default limits', checkLeast],
  ['Chromium', (options) => checkWith(options, '--browser', 'chromium')],
  ['Firefox', (options) => checkWith(options, '--browser', 'firefox')],
  ['Deno', checkInDeno],
];

async function main(args: readonly string[], signal: AbortSignal): Promise<void> {
  const options = createConformanceProgram().parse(args, { from: 'user' }).opts<Options>();
  const reports: (readonly [string, VerificationReport])[] = [];
  for (const [place, check] of places) {
    signal.throwIfAborted();
    try {
      const report = await check(options);
      log(`${place}: ${adapterName(report.adapter)}`);
      reports.push([place, report]);
    } catch (error) {
      log(`${place} is left out: ${(error as Error).message.trim()}`);
    }
  }
  const names = [...new Set(reports.flatMap(([, { checks }]) => checks.map(({ name }) => name)))];
  const rows = names.map((name) => [
    name,
    ...reports.map(([, { checks }]) => {
      const found = checks.find((check) => check.name === name);
      return found ? `${found.worst.toPrecision(2)}${found.passed ? '' : ' FAILED'}` : '–';
    }),
  ]);
  const heads = ['worst error relative to its bound', ...reports.map(([place]) => place)];
  console.log(formatTable([heads, ...rows], `l${'r'.repeat(reports.length)}`).join('\n'));
  const failed = reports.filter(([, { passed }]) => !passed).map(([place]) => place);
  if (failed.length > 0) throw new NudgeError(`Checks failed in ${failed.join(', ')}.`);
  if (reports.length === 0) throw new NudgeError('Nothing here has a WebGPU adapter.');
}

if (process.argv[1]?.endsWith('conformance.ts')) {
  await runProgram(main);
  // Dawn's instance would keep Node running.
  process.exit();
}
