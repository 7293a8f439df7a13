/**
 * Times each kernel of a preset's training step on its own: `npm run bench:kernels -- [preset] [batch size]`, and says
 * what share of the adapter's multiply-adds they make together.
 *
 * Time is a slope, (T(3R) − T(R)) / 2R over R dispatches in one pass, so that what a submit and a wait cost
 * cancels out. All kernels, and the adapter's peak, are timed once a round: a machine that others use is as slow for the one
 * as for the other, so that shares are compared within rounds. Of times the least counts, since noise only ever adds.
 * Kernels read real buffers with random contents, and the values they leave behind do not matter. Runs in Node,
 * and in Deno with `deno run -A --unstable-webgpu --unstable-sloppy-imports`.
 */
import { Device } from '../src/gpu/device.ts';
import { parameterBuffers } from '../src/gpu/parameterStore.ts';
import { choosePlan } from '../src/gpu/plan/choose.ts';
import type { Plan } from '../src/gpu/plan/plan.ts';
import { probeArithmetic } from '../src/gpu/probes/arithmetic.ts';
import { BatchTimer } from '../src/gpu/probes/batchTimer.ts';
import { measureSlope, median } from '../src/gpu/probes/slope.ts';
import { Program } from '../src/gpu/program.ts';
import { optimizerScalarsOf } from '../src/gpu/optimizerScalars.ts';
import { createSource } from '../src/gpu/source.ts';
import { trainingBuffers, trainingStep } from '../src/gpu/step.ts';
import { digits } from '../src/data/digits/digits.ts';
import { fileOrder } from '../src/data/shuffle.ts';
import { requireOneOf } from '../src/network/functions.ts';
import { Network } from '../src/network/network.ts';
import { presets, type Preset, type PresetName } from '../src/network/presets.ts';
import { TrainingCursor } from '../src/engine/cursor.ts';
import { requireBatchSize } from '../src/engine/batches.ts';
import { sgd } from '../src/engine/optimizers.ts';

const rounds = 5;
/** Of the probe of the adapter's peak, a round. */
const probeMs = 1000;

interface Kernels {
  readonly programs: readonly { readonly label: string; readonly program: Program }[];
  readonly dispose: () => void;
}

/** Every kernel of a step, with buffers of its own kind and size. */
async function prepare(
  device: Device,
  network: Network,
  plan: Plan,
  momentum: number,
): Promise<Kernels> {
  const optimizer = sgd({ learningRate: 1e-6, momentum });
  const kernels = trainingStep(network, plan, optimizer);
  const sizes = trainingBuffers(network, plan.batchSize);
  const parameterLayouts = parameterBuffers(network, optimizer, false);
  const { training } = digits({ trainingCount: 10 * plan.batchSize, testCount: 1 });
  const source = await createSource(device, training, plan.batchSize, false, {
    optimizerScalarsOf: optimizerScalarsOf(optimizer),
    layerCount: plan.layers.length,
  });
  source.begin(
    fileOrder(training.sampleCount),
    new TrainingCursor(10, { step: 1, epoch: 0, stepOfEpoch: 1 }),
  );
  const made = await device.createBuffers('benchmark buffers', [
    ...sizes,
    ...parameterLayouts.map(({ name, size }) => [name, size] as const),
  ]);
  for (const buffer of made.values()) {
    const noise = Float32Array.from({ length: buffer.size / 4 }, () => Math.random() - 0.5);
    device.gpu.queue.writeBuffer(buffer, 0, noise);
  }
  const buffers = new Map([...made, ...source.buffers]);
  // Alone, no kernel moves the counter on for itself: each works on the same mini-batch every time.
  device.gpu.queue.writeBuffer(source.buffers.get('counter')!, 0, Uint32Array.of(1, 2));
  const programs = [];
  for (const kernel of kernels) {
    programs.push({
      label: kernel.label,
      program: await Program.create(device, [kernel], buffers),
    });
  }
  const dispose = () => {
    source.dispose();
    device.release(made.values());
  };
  return { programs, dispose };
}

/** Floating-point operations of a step's products: forward, gradient and, but for the first layer, hidden delta. */
function productOperations({ layers }: Network, batchSize: number): number {
  const weights = layers.slice(1).map((outputs, l) => layers[l]! * outputs);
  const all = weights.reduce((sum, count) => sum + count, 0);
  return 2 * batchSize * (3 * all - weights[0]!);
}

export interface KernelTimes {
  /** Seconds of each kernel of a step, one a round. */
  readonly kernels: readonly { readonly label: string; readonly seconds: readonly number[] }[];
  /** Floating-point operations a second that the adapter made at most, one a round. */
  readonly peaks: readonly number[];
}

/** Times every kernel of a training step, and the adapter's peak, `rounds` times in turn. */
export async function timeKernels(
  device: Device,
  network: Network,
  { batchSize, momentum }: { readonly batchSize: number; readonly momentum: number },
): Promise<KernelTimes> {
  const plan = choosePlan(network, batchSize, device.adapter);
  const { programs, dispose } = await prepare(device, network, plan, momentum);
  const timer = await BatchTimer.create(device);
  const times = programs.map((): number[] => []);
  const peaks: number[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const [i, { program }] of programs.entries()) {
      const record = program.encode.bind(program);
      const { value } = await measureSlope(timer, record, {
        rounds: 1,
        deadline: Infinity,
        isWarm: round > 0,
      });
      times[i]!.push(value);
    }
    const { value } = await probeArithmetic(device, timer, performance.now() + probeMs);
    peaks.push(value);
  }
  timer.dispose();
  dispose();
  return { kernels: programs.map(({ label }, i) => ({ label, seconds: times[i]! })), peaks };
}

if (process.argv[1]?.endsWith('kernels.ts')) {
  const names = Object.keys(presets) as PresetName[];
  const name = requireOneOf('preset', process.argv[2] ?? 'lecture', names);
  const preset: Preset = presets[name];
  const batchSize = requireBatchSize(Number(process.argv[3] ?? preset.batchSize));
  const isDeno = 'Deno' in globalThis;
  const gpu = isDeno ? undefined : await (await import('../src/node/dawn.ts')).createGpu();
  // Six dispatches of a large layer may take a software adapter longer than a device may usually be silent.
  const device = await Device.request({ gpu, timeoutMs: 60_000 });
  const network = new Network(preset.network);
  const { momentum } = preset;
  const { kernels, peaks } = await timeKernels(device, network, { batchSize, momentum });
  for (const { label, seconds } of kernels) {
    console.log(`${microseconds(Math.min(...seconds))} µs  ${label}`);
  }
  const steps = peaks.map((_, round) => kernels.reduce((sum, of) => sum + of.seconds[round]!, 0));
  const min = kernels.reduce((sum, of) => sum + Math.min(...of.seconds), 0);
  const flop = productOperations(network, batchSize);
  const shares = peaks.map((peak, round) => (100 * flop) / steps[round]! / peak);
  const giga = (rate: number) => `${(rate / 1e9).toFixed(1)} GFLOP/s`;
  console.log(
    `${microseconds(min)} µs  a step at best, ${Math.round(batchSize / min)} samples/s, ${giga(flop / min)}`,
  );
  console.log(
    `${microseconds(median(steps))} µs  a step in the middle of ${rounds} rounds, whose products are ${median(shares).toFixed(0)} % of the ` +
      `multiply-adds that the adapter made in the same round (${Math.min(...shares).toFixed(0)} to ${Math.max(...shares).toFixed(0)} %; ` +
      `${giga(Math.min(...peaks))} to ${giga(Math.max(...peaks))})`,
  );
  device.destroy();
}

function microseconds(seconds: number): string {
  return (seconds * 1e6).toFixed(0).padStart(8);
}
