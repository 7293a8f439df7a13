/**
 * Many networks at once against one alone: `npm run bench:sweep -- --help`.
 *
 * Trains networks of `lecture`'s shape (784-16-16-10, mini-batches of 100) in three ways that take turns: many in one sweep, one in
 * a sweep of its own, and one with the ordinary engine. Only training is timed, and the best of several rounds counts, because other
 * programs only ever add time. Runs in Node, and in Deno with `deno run -A --unstable-webgpu`.
 */
import { Command } from 'commander';

import { parseWhole } from '../src/cli/values.ts';
import { digits } from '../src/data/digits/digits.ts';
import type { Dataset } from '../src/data/dataset.ts';
import { adapterName } from '../src/gpu/adapter.ts';
import { Device } from '../src/gpu/device.ts';
import { Network } from '../src/network/network.ts';
import { presets } from '../src/network/presets.ts';
import { sgd } from '../src/engine/optimizers.ts';
import { Sweep } from '../src/training/sweep.ts';
import { Trainer } from '../src/training/trainer.ts';
import { runProgram } from './runProgram.ts';

const { network, batchSize } = presets.lecture;
const optimizer = sgd({ learningRate: 3 });
/** Approximate length of one measurement. */
const targetSeconds = 2;

interface Contender {
  readonly name: string;
  run(steps: number): Promise<{ samples: number; seconds: number }>;
  readonly dispose: () => Promise<void>;
}

async function sweepOf(device: Device, training: Dataset, count: number): Promise<Contender> {
  const members = Array.from({ length: count }, (_, n) => ({ seed: n + 1, optimizer }));
  const sweep = await Sweep.create({ network, members, batchSize, device });
  await sweep.prepare(training);
  return {
    name: count === 1 ? 'one alone, persistent kernel' : `${count} at once`,
    run: (steps) => time(sweep.fit(training, { steps, reportEvery: steps })),
    dispose: () => sweep.dispose(),
  };
}

async function ordinary(device: Device, training: Dataset): Promise<Contender> {
  const options = {
    backend: 'webgpu',
    ...{ batchSize, optimizer, device },
    // A recovery would count as training time.
    onDeviceLost: 'throw',
  } as const;
  const trainer = await Trainer.create(new Network({ ...network, seed: 1 }), options);
  await trainer.prepare(training);
  return {
    name: 'one alone, ordinary engine',
    run: (steps) => time(trainer.fit(training, { steps, reportEvery: steps })),
    dispose: () => trainer.dispose(),
  };
}

async function time(
  reports: AsyncIterable<{ readonly samples: number; readonly seconds: number }>,
): Promise<{ samples: number; seconds: number }> {
  const sum = { samples: 0, seconds: 0 };
  for await (const { samples, seconds } of reports) {
    sum.samples += samples;
    sum.seconds += seconds;
  }
  return sum;
}

/** Samples per second of each contender in the best of `rounds` rounds. */
async function compare(contenders: readonly Contender[], rounds: number): Promise<number[]> {
  const steps: number[] = [];
  for (const contender of contenders) {
    // The first run warms up; the second tells how many steps take the target time.
    await contender.run(4);
    const { seconds } = await contender.run(20);
    steps.push(Math.max(20, Math.round((20 * targetSeconds) / seconds)));
  }
  const best = contenders.map(() => 0);
  for (let round = 0; round < rounds; round++) {
    for (const [i, contender] of contenders.entries()) {
      const { samples, seconds } = await contender.run(steps[i]!);
      best[i] = Math.max(best[i]!, samples / seconds);
    }
  }
  return best;
}

export function createSweepProgram(): Command {
  return new Command('bench:sweep')
    .description('Compares training many networks at once with training one alone.')
    .argument('[networks]', 'in the large sweep', (text) => parseWhole('networks', text), 64)
    .argument('[rounds]', 'of which the best counts', (text) => parseWhole('rounds', text), 3)
    .exitOverride();
}

async function main(args: readonly string[]): Promise<void> {
  const program = createSweepProgram().parse(args, { from: 'user' });
  const [count, rounds] = program.processedArgs as [number, number];
  const isDeno = 'Deno' in globalThis;
  const gpu = isDeno ? undefined : await (await import('../src/node/dawn.ts')).createGpu();
  const device = await Device.request({ gpu });
  const { training } = digits({ trainingCount: 20_000, testCount: 1 });
  const contenders = [
    await sweepOf(device, training, count),
    await sweepOf(device, training, 1),
    await ordinary(device, training),
  ];
  const rates = await compare(contenders, rounds);
  console.log(adapterName(device.adapter));
  for (const [i, { name, dispose }] of contenders.entries()) {
    const ratio = i === 0 ? '' : `  ${(rates[0]! / rates[i]!).toFixed(2)}× at once`;
    console.log(`${String(Math.round(rates[i]!)).padStart(10)} samples/s  ${name}${ratio}`);
    await dispose();
  }
  device.destroy();
}

if (process.argv[1]?.endsWith('sweep.ts')) await runProgram(main);
