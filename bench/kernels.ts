/**
 * Times each kernel of a training step on its own: `npm run bench:kernels -- --help`.
 *
 * `measureSlope` cancels the cost of a submit and a wait. Each round times all kernels and the adapter's peak, so that another
 * program slows both, and shares are computed within rounds. The least time counts, because other programs only ever add time.
 * Runs in Node, and in Deno with `deno run -A --unstable-webgpu --unstable-sloppy-imports`.
 */
import { Argument, Command } from 'commander';

import { parseWhole } from '../src/cli/values.ts';
import { sgd } from '../src/engine/optimizers.ts';
import { Device } from '../src/gpu/device.ts';
import { choosePlan } from '../src/gpu/plan/choose.ts';
import { probeArithmetic } from '../src/gpu/probes/arithmetic.ts';
import { BatchTimer } from '../src/gpu/probes/batchTimer.ts';
import { measureSlope, median } from '../src/gpu/probes/slope.ts';
import { Program } from '../src/gpu/program.ts';
import { trainingStep } from '../src/gpu/step.ts';
import { Network } from '../src/network/network.ts';
import { presets, type Preset, type PresetName } from '../src/network/presets.ts';
import { runProgram } from './runProgram.ts';
import { createStepBuffers } from './stepBuffers.ts';

const rounds = 5;
/** Milliseconds per round for the probe of the adapter's peak. */
const probeMs = 1000;

export interface KernelTimes {
  /** Seconds of each kernel of a step, one per round. */
  readonly kernels: readonly { readonly label: string; readonly seconds: readonly number[] }[];
  /** The adapter's peak in floating-point operations per second, one per round. */
  readonly peaks: readonly number[];
}

/** Times every kernel of a training step and the adapter's peak, in turn. */
export async function timeKernels(
  device: Device,
  network: Network,
  { batchSize, momentum }: { readonly batchSize: number; readonly momentum: number },
): Promise<KernelTimes> {
  const plan = choosePlan(network, batchSize, device.adapter);
  const optimizer = sgd({ learningRate: 1e-6, momentum });
  const made = await createStepBuffers(device, network, batchSize, optimizer);
  const kernels: { label: string; program: Program; seconds: number[] }[] = [];
  for (const kernel of trainingStep(network, plan, optimizer)) {
    const program = await Program.create(device, [kernel], made.buffers);
    kernels.push({ label: kernel.label, program, seconds: [] });
  }
  const timer = await BatchTimer.create(device);
  const peaks: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const options = { rounds: 1, deadline: Infinity, isWarm: round > 0 };
    for (const { program, seconds } of kernels) {
      const { value } = await measureSlope(timer, program.encode.bind(program), options);
      seconds.push(value);
    }
    const { value } = await probeArithmetic(device, timer, performance.now() + probeMs);
    peaks.push(value);
  }
  timer.dispose();
  made.dispose();
  return { kernels, peaks };
}

/** Floating-point operations of a step's products: forward, gradient and, except for the first layer, hidden delta. */
function productOperations({ layers }: Network, batchSize: number): number {
  const weights = layers.slice(1).map((outputs, l) => layers[l]! * outputs);
  const all = weights.reduce((sum, count) => sum + count, 0);
  return 2 * batchSize * (3 * all - weights[0]!);
}

export function createKernelsProgram(): Command {
  return new Command('bench:kernels')
    .description("Times each kernel of a preset's training step on its own.")
    .addArgument(new Argument('[preset]').choices(Object.keys(presets)).default('lecture'))
    .argument('[batch-size]', "default: the preset's", (text) => parseWhole('batch-size', text))
    .exitOverride();
}

async function main(args: readonly string[]): Promise<void> {
  const program = createKernelsProgram().parse(args, { from: 'user' });
  const [name, given] = program.processedArgs as [PresetName, number | undefined];
  const preset: Preset = presets[name];
  const { momentum } = preset;
  const batchSize = given ?? preset.batchSize;
  const isDeno = 'Deno' in globalThis;
  const gpu = isDeno ? undefined : await (await import('../src/node/dawn.ts')).createGpu();
  // Six dispatches of a large layer can take a software adapter longer than the default timeout.
  const device = await Device.request({ gpu, timeoutMs: 60_000 });
  const network = new Network(preset.network);
  const { kernels, peaks } = await timeKernels(device, network, { batchSize, momentum });
  device.destroy();

  for (const { label, seconds } of kernels) {
    console.log(`${microseconds(Math.min(...seconds))} µs  ${label}`);
  }
  const min = kernels.reduce((sum, { seconds }) => sum + Math.min(...seconds), 0);
  const steps = peaks.map((_, r) => kernels.reduce((sum, { seconds }) => sum + seconds[r]!, 0));
  const flop = productOperations(network, batchSize);
  const shares = peaks.map((peak, round) => (100 * flop) / steps[round]! / peak);
  const giga = (rate: number) => `${(rate / 1e9).toFixed(1)} GFLOP/s`;
  console.log(
    `${microseconds(min)} µs  best step: ${Math.round(batchSize / min)} samples/s, ${giga(flop / min)}`,
  );
  console.log(
    `${microseconds(median(steps))} µs  median step of ${rounds} rounds: its products reach ${median(shares).toFixed(0)} % of the adapter's peak ` +
      `(${Math.min(...shares).toFixed(0)} to ${Math.max(...shares).toFixed(0)} % of ${giga(Math.min(...peaks))} to ${giga(Math.max(...peaks))})`,
  );
}

function microseconds(seconds: number): string {
  return (seconds * 1e6).toFixed(0).padStart(8);
}

if (process.argv[1]?.endsWith('kernels.ts')) await runProgram(main);
