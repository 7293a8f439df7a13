/**
 * Trains for a long time and looks for what grows: `npm run soak -- --help`.
 *
 * First 1,000 trainers are made and disposed of on one device; none may leave a buffer. Then one trainer trains the lecture network on
 * `digits` until the time is over. Buffers of the device are counted after each report. The heap is read after collecting, 60
 * times in all, and its slope is fitted over the second half, since caches fill in the first. Step times are means over 100 steps;
 * the last tenth of them is compared with the first.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { Command } from 'commander';

import { quantile } from '../src/benchmark/statistics.ts';
import { whole } from '../src/cli/options.ts';
import { digits } from '../src/data/digits/digits.ts';
import { sgd } from '../src/engine/optimizers.ts';
import { NudgeError } from '../src/errors.ts';
import { Device } from '../src/gpu/device.ts';
import { Network } from '../src/network/network.ts';
import { presets } from '../src/network/presets.ts';
import { createGpu } from '../src/node/dawn.ts';
import { Trainer } from '../src/training/trainer.ts';
import { runProgram } from './runProgram.ts';

/** What may grow, and by how much. */
const limits = { heapMegabytesPerHour: 1, lateStepTime: 1.1 } as const;
const trainers = 1000;
const heapReadings = 60;
/** Off the heap, so that what is measured does not make it grow. */
const maxReports = 2 ** 22;

export function createSoakProgram(): Command {
  return new Command('soak')
    .description('Trains for a long time, and fails if buffers, heap or step time grow.')
    .addOption(whole('--minutes <n>', 'how long').default(10))
    .exitOverride();
}

const network = new Network(presets.lecture.network);
const options = {
  backend: 'webgpu',
  batchSize: 100,
  optimizer: sgd({ learningRate: 0.5 }),
} as const;

/** @returns buffers left on the device */
async function makeTrainers(device: Device, signal: AbortSignal): Promise<number> {
  for (let n = 0; n < trainers; n++) {
    signal.throwIfAborted();
    await (await Trainer.create(network, { ...options, device })).dispose();
  }
  return device.liveBuffers;
}

interface Soak {
  readonly steps: number;
  readonly buffers: ReadonlySet<number>;
  /** [hours, megabytes] after collecting. */
  readonly heap: readonly (readonly [number, number])[];
  /** 99th percentiles of the first and the last tenth, in seconds. */
  readonly stepTimes: readonly [number, number];
}

async function soak(device: Device, minutes: number, signal: AbortSignal): Promise<Soak> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const { training } = digits();
  const trainer = await Trainer.create(network, { ...options, device });
  await trainer.prepare(training);
  const buffers = new Set<number>();
  const heap: [number, number][] = [];
  const times = new Float64Array(maxReports);
  let reports = 0;
  const begin = performance.now();
  const passed = () => (performance.now() - begin) / 60_000;
  while (passed() < minutes && reports < maxReports) {
    for await (const { samples, seconds } of trainer.fit(training, { epochs: 10, signal })) {
      times[reports++] = (seconds * options.batchSize) / samples;
      buffers.add(device.liveBuffers);
      if (passed() < (heap.length * minutes) / heapReadings) continue;
      collect();
      const megabytes = process.memoryUsage().heapUsed / 1e6;
      heap.push([passed() / 60, megabytes]);
      console.log(
        `${trainer.step} steps: ${device.liveBuffers} buffers, heap ${megabytes.toFixed(2)} MB`,
      );
    }
  }
  const { step: steps } = trainer;
  await trainer.dispose();
  const tenth = Math.floor(reports / 10);
  const late = (from: number) => quantile(times.subarray(from, from + tenth), 0.99);
  return { steps, buffers, heap, stepTimes: [late(0), late(reports - tenth)] };
}

/** Megabytes per hour, by least squares over the second half. */
function heapSlope(heap: Soak['heap']): number {
  const late = heap.slice(heap.length >> 1);
  const mean = (column: 0 | 1) => late.reduce((sum, row) => sum + row[column], 0) / late.length;
  const [hours, megabytes] = [mean(0), mean(1)];
  const sum = (of: (row: (typeof late)[number]) => number) =>
    late.reduce((all, row) => all + of(row), 0);
  return sum(([h, m]) => (h - hours) * (m - megabytes)) / sum(([h]) => (h - hours) ** 2);
}

async function main(args: readonly string[], signal: AbortSignal): Promise<void> {
  const { minutes } = createSoakProgram().parse(args, { from: 'user' }).opts<{ minutes: number }>();
  const device = await Device.request({ gpu: await createGpu() });
  const left = await makeTrainers(device, signal);
  console.log(`${trainers} trainers made and disposed of: ${left} buffers left`);
  const { steps, buffers, heap, stepTimes } = await soak(device, minutes, signal);
  const slope = heapSlope(heap);
  const ratio = stepTimes[1] / stepTimes[0];
  const faults = [
    left > 0 && `${left} buffers left by trainers`,
    buffers.size > 1 && `live buffers changed: ${[...buffers].join(', ')}`,
    slope > limits.heapMegabytesPerHour && 'the heap grows',
    ratio > limits.lateStepTime && 'steps take longer in the end',
  ].filter((fault) => fault !== false);
  console.log(
    `${steps} steps in ${minutes} minutes: ${[...buffers].join(', ')} buffers, heap ${slope.toFixed(2)} MB per hour, ` +
      `99th percentile of a step ${(1e6 * stepTimes[0]).toFixed(0)} µs in the first tenth and ${ratio.toFixed(2)} times that in the last`,
  );
  device.destroy();
  if (faults.length > 0) throw new NudgeError(`The soak failed: ${faults.join('; ')}.`);
}

if (process.argv[1]?.endsWith('soak.ts')) {
  await runProgram(main);
  // Dawn's instance would keep Node running.
  process.exit();
}
