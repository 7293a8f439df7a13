/**
 * Trains for a long time and looks for what grows: `npm run soak -- --help`.
 *
 * First 1,000 trainers are made and disposed of on one device; none may leave a buffer. Then one trainer trains the lecture network on
 * `digits` until the time is over. Buffers of the device are counted after each report. The heap is read after collecting, 60
 * times in all, and its slope is fitted over the second half, since caches fill in the first.
 *
 * In the last tenth of the time, a young process trains in turns with the old one, epoch by epoch, and their steps are compared.
 * Both meet the same machine, which is never as quiet for a whole run, so that only age makes a difference. Step times are means
 * over 100 steps. On a software adapter, they are processor time: other programs stretch the time that passes several times over,
 * and the processor time by a tenth.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
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
import type { Dataset } from '../src/data/dataset.ts';
import { Trainer } from '../src/training/trainer.ts';
import { runProgram } from './runProgram.ts';

/** What may grow, and by how much. Step times are relative to the young process. */
const limits = { heapMegabytesPerHour: 1, lateStepTime: 1.1 } as const;
const trainers = 1000;
const heapReadings = 60;
/** The share of the time after which the young process begins. */
const youngFrom = 0.9;

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

/** A trainer that is ready, and its device. */
interface Runner {
  readonly device: Device;
  readonly trainer: Trainer;
  readonly training: Dataset;
}

async function createRunner(device: Device): Promise<Runner> {
  const { training } = digits();
  const trainer = await Trainer.create(network, { ...options, device });
  await trainer.prepare(training);
  return { device, trainer, training };
}

/** Trains for an epoch. @returns seconds per step, of each report */
async function takeTurn(
  { device, trainer, training }: Runner,
  onReport?: () => void,
  signal?: AbortSignal,
): Promise<number[]> {
  const { isSoftware } = device.adapter;
  const now = () => {
    const { user, system } = process.cpuUsage();
    return isSoftware ? (user + system) / 1e6 : performance.now() / 1e3;
  };
  const times: number[] = [];
  let before = now();
  for await (const { samples } of trainer.fit(training, { epochs: 1, ...(signal && { signal }) })) {
    times.push(((now() - before) * options.batchSize) / samples);
    onReport?.();
    before = now();
  }
  return times;
}

/** Starts a process that trains as this one does, and takes turns when it is asked. */
function startYoung() {
  const child = fork(import.meta.filename, [youngMark]);
  const exited = once(child, 'exit').then(() => {
    throw new NudgeError('The young process has ended.');
  });
  // It also ends when it is no longer needed.
  exited.catch(() => undefined);
  const takeTurn = async (): Promise<number[]> => {
    const message = once(child, 'message');
    child.send('turn');
    const [times] = (await Promise.race([message, exited])) as [number[]];
    return times;
  };
  return { takeTurn, end: () => child.kill() };
}

const youngMark = 'young';

/** What the young process does. */
async function beYoung(): Promise<never> {
  const runner = await createRunner(await Device.request({ gpu: await createGpu() }));
  for (;;) {
    await once(process, 'message');
    process.send!(await takeTurn(runner));
  }
}

interface Soak {
  readonly steps: number;
  readonly buffers: ReadonlySet<number>;
  /** [hours, megabytes] after collecting. */
  readonly heap: readonly (readonly [number, number])[];
  /** 99th percentiles in the old and in the young process, in seconds. */
  readonly stepTimes: readonly [number, number];
}

async function soak(device: Device, minutes: number, signal: AbortSignal): Promise<Soak> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const runner = await createRunner(device);
  const buffers = new Set<number>();
  const heap: [number, number][] = [];
  const begin = performance.now();
  const passed = () => (performance.now() - begin) / 60_000;
  const countBuffers = () => void buffers.add(device.liveBuffers);
  let young: ReturnType<typeof startYoung> | undefined;
  const [oldTimes, youngTimes]: [number[], number[]] = [[], []];
  try {
    while (passed() < minutes || youngTimes.length === 0) {
      const times = await takeTurn(runner, countBuffers, signal);
      if (young) {
        oldTimes.push(...times);
        youngTimes.push(...(await young.takeTurn()));
      } else if (passed() >= youngFrom * minutes) {
        young = startYoung();
        // In its first turn it compiles.
        await young.takeTurn();
      }
      if (passed() < (heap.length * minutes) / heapReadings) continue;
      collect();
      const megabytes = process.memoryUsage().heapUsed / 1e6;
      heap.push([passed() / 60, megabytes]);
      console.log(
        `${runner.trainer.step} steps: ${device.liveBuffers} buffers, heap ${megabytes.toFixed(2)} MB`,
      );
    }
  } finally {
    young?.end();
  }
  const { step: steps } = runner.trainer;
  await runner.trainer.dispose();
  const late = (times: number[]) => quantile(times, 0.99);
  return { steps, buffers, heap, stepTimes: [late(oldTimes), late(youngTimes)] };
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
  const ratio = stepTimes[0] / stepTimes[1];
  const faults = [
    left > 0 && `${left} buffers left by trainers`,
    buffers.size > 1 && `live buffers changed: ${[...buffers].join(', ')}`,
    slope > limits.heapMegabytesPerHour && 'the heap grows',
    ratio > limits.lateStepTime && 'steps take longer than in a young process',
  ].filter((fault) => fault !== false);
  console.log(
    `${steps} steps in ${minutes} minutes: ${[...buffers].join(', ')} buffers, heap ${slope.toFixed(2)} MB per hour, ` +
      `99th percentile of a step ${(1e6 * stepTimes[0]).toFixed(0)} µs in the last tenth, ${ratio.toFixed(2)} times that of a young process`,
  );
  device.destroy();
  if (faults.length > 0) throw new NudgeError(`The soak failed: ${faults.join('; ')}.`);
}

if (process.argv[1]?.endsWith('soak.ts')) {
  if (process.argv[2] === youngMark) await beYoung();
  else await runProgram(main);
  // Dawn's instance would keep Node running.
  process.exit();
}
