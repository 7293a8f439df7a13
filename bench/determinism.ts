/**
 * Trains the same epoch again and again, each time in a new process, and compares what it gives bit by bit, in each
 * implementation of WebGPU that this machine has and on the CPU: `npm run determinism -- --help`.
 */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { Command } from 'commander';

import { drawPlanFor } from '../src/benchmark/verification/plans.ts';
import { whole } from '../src/cli/options.ts';
import { formatTable } from '../src/cli/table.ts';
import { digits } from '../src/data/digits/digits.ts';
import { sgd } from '../src/engine/optimizers.ts';
import { ConfigurationError, FormatError, LimitError, NudgeError } from '../src/errors.ts';
import { sha256 } from '../src/formats/sha256.ts';
import { Device } from '../src/gpu/device.ts';
import { planTarget } from '../src/gpu/plan/check.ts';
import { parsePlan, serializePlan } from '../src/gpu/plan/file.ts';
import { Network } from '../src/network/network.ts';
import { presets } from '../src/network/presets.ts';
import { folderCheckpoints } from '../src/node/checkpointFolder.ts';
import { createGpu } from '../src/node/dawn.ts';
import { TemporaryFolder } from '../src/node/temporaryFolder.ts';
import { Trainer } from '../src/training/trainer.ts';
import { log, runProgram } from './runProgram.ts';

export function createDeterminismProgram(): Command {
  return new Command('determinism')
    .description('Trains an epoch many times, and compares parameters and cost curves bit by bit.')
    .addOption(whole('--runs <n>', 'of each implementation and plan').default(20))
    .addOption(whole('--plans <n>', 'random plans besides the default one', 0).default(2))
    .exitOverride();
}

const network = new Network(presets.lecture.network);
const { batchSize } = presets.lecture;

/** Random plans that this machine's adapter takes, as the text of a file. */
async function drawPlans(count: number): Promise<string[]> {
  const plans: string[] = [];
  if (count === 0) return plans;
  const device = await Device.request({ gpu: await createGpu() });
  const { training } = digits({ trainingCount: batchSize, testCount: 1 });
  for (let index = 0; plans.length < count; index++) {
    try {
      const text = serializePlan(
        network,
        drawPlanFor(network, batchSize, index, planTarget(device)),
      );
      const options = {
        batchSize,
        optimizer: sgd({ learningRate: 1 }),
        plan: parsePlan(text, network),
      };
      const trainer = await Trainer.create(network, { ...options, backend: 'webgpu', device });
      await trainer.prepare(training);
      await trainer.dispose();
      plans.push(text);
    } catch (error) {
      const isRefused = [ConfigurationError, FormatError, LimitError].some(
        (type) => error instanceof type,
      );
      if (!isRefused) throw error;
    }
  }
  device.destroy();
  return plans;
}

interface Row {
  readonly place: string;
  readonly plan: string;
  /** Of `nudge train`. */
  readonly args: readonly string[];
}

async function rowsFor(plans: number, folder: string): Promise<Row[]> {
  const drawn: { readonly plan: string; readonly args: readonly string[] }[] = [
    { plan: 'default', args: [] },
  ];
  for (const text of await drawPlans(plans)) {
    const file = join(folder, `${drawn.length}.plan.json`);
    await writeFile(file, text);
    drawn.push({ plan: `drawn ${drawn.length}`, args: ['--plan', file] });
  }
  const cpu = ['--runtime', 'node', '--backend', 'cpu', '--threads'];
  return [
    { place: 'CPU', plan: '1 thread', args: [...cpu, '1'] },
    { place: 'CPU', plan: '2 threads', args: [...cpu, '2'] },
    ...['Node', 'Chromium', 'Firefox'].flatMap((place) =>
      drawn.map(({ plan, args }) => ({
        ...{ place, plan },
        args: ['--runtime', place.toLowerCase(), '--backend', 'webgpu', ...args],
      })),
    ),
  ];
}

/** @returns a hash of the checkpoint after the epoch: parameters, moments of the optimizer, and the cost curve */
async function hashOfEpoch({ args }: Row, folder: string, signal: AbortSignal): Promise<string> {
  const scratch = await TemporaryFolder.create('epoch-', folder);
  const program = join(import.meta.dirname, '../src/cli/main.ts');
  const training = ['--data', 'digits', '--preset', 'lecture', '--epochs', '1'];
  const optimizer = ['--optimizer', 'adam', '--learning-rate', '0.01'];
  // Every tenth step is a point of the curve.
  const keep = ['--checkpoint', scratch.path, '--checkpoint-every', '10'];
  await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', program, 'train', ...training, ...optimizer, ...keep, ...args],
    { signal },
  );
  const newest = await folderCheckpoints(scratch.path).readNewest();
  return await sha256(newest!.bytes);
}

async function main(args: readonly string[], signal: AbortSignal): Promise<void> {
  const program = createDeterminismProgram().parse(args, { from: 'user' });
  const { runs, plans } = program.opts<{ runs: number; plans: number }>();
  const folder = await TemporaryFolder.create('nudge-determinism-');
  folder.removeAtExit();
  const found: (Row & { readonly hashes: readonly string[] })[] = [];
  for (const row of await rowsFor(plans, folder.path)) {
    const hashes: string[] = [];
    try {
      while (hashes.length < runs) hashes.push(await hashOfEpoch(row, folder.path, signal));
      log(`${row.place}, ${row.plan}: ${[...new Set(hashes)].join(', ')}`);
    } catch (error) {
      signal.throwIfAborted();
      // One that trained once must train again.
      if (hashes.length > 0) throw error;
      log(`${row.place}, ${row.plan} is left out: ${(error as Error).message.trim()}`);
      continue;
    }
    found.push({ ...row, hashes });
  }
  const rows = found.map(({ place, plan, hashes }) => [
    ...[place, plan, `${hashes.length}`, `${new Set(hashes).size}`],
  ]);
  const heads = ['implementation', 'plan', 'runs', 'distinct hashes'];
  console.log(formatTable([heads, ...rows], 'llrr').join('\n'));
  const wrong = found.filter(({ hashes }) => new Set(hashes).size > 1);
  if (wrong.length > 0) {
    const names = wrong.map(({ place, plan }) => `${place}, ${plan}`).join('; ');
    throw new NudgeError(`Runs of the same epoch differ: ${names}.`);
  }
  if (found.length === 0) throw new NudgeError('No run succeeded.');
}

if (process.argv[1]?.endsWith('determinism.ts')) {
  await runProgram(main);
  // Dawn's instance would keep Node running.
  process.exit();
}
