/**
 * Times each kernel of a preset's training step on its own: `npm run bench:kernels -- [preset] [batch size]`.
 *
 * Time is a slope, (T(3R) − T(R)) / 2R over R dispatches in one pass, so that what a submit and a wait cost
 * cancels out; the least of several rounds, since noise only ever adds. Kernels read real buffers with random
 * contents, and the values they leave behind do not matter. Runs in Node, and in Deno with `deno run -A
 * --unstable-webgpu --unstable-sloppy-imports`.
 */
import { Device } from '../src/gpu/device.ts';
import { choosePlan, type Plan } from '../src/gpu/plan.ts';
import { parameterBuffers } from '../src/gpu/parameterStore.ts';
import { Program } from '../src/gpu/program.ts';
import { ratesOf } from '../src/gpu/rates.ts';
import { createSource } from '../src/gpu/source.ts';
import { trainingStep } from '../src/gpu/step.ts';
import { digits } from '../src/data/digits/digits.ts';
import { fileOrder } from '../src/data/shuffle.ts';
import { requireOneOf } from '../src/network/functions.ts';
import { Network } from '../src/network/network.ts';
import { presets, type Preset, type PresetName } from '../src/network/presets.ts';
import { requireBatchSize } from '../src/training/batches.ts';
import { sgd } from '../src/training/optimizers.ts';

const rounds = 5;
const targetMs = 60;

/** Seconds that one dispatch takes. */
export async function timeDispatch(device: Device, program: Program): Promise<number> {
  const run = async (times: number): Promise<number> => {
    const encoder = device.gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    program.encode(pass, times);
    pass.end();
    const start = performance.now();
    device.gpu.queue.submit([encoder.finish()]);
    await device.guard('timing a kernel', device.gpu.queue.onSubmittedWorkDone());
    return (performance.now() - start) / 1000;
  };
  let repeats = 2;
  // The first run compiles; from then on, long enough that a late answer does not count.
  await run(repeats);
  while ((await run(repeats)) < targetMs / 1000) repeats *= 2;
  let best = Infinity;
  for (let round = 0; round < rounds; round++) {
    const [short, long] = [await run(repeats), await run(3 * repeats)];
    best = Math.min(best, (long - short) / (2 * repeats));
  }
  return best;
}

export async function timeStep(
  device: Device,
  network: Network,
  plan: Plan,
  momentum: number,
): Promise<{ label: string; seconds: number }[]> {
  const optimizer = sgd({ learningRate: 1e-6, momentum });
  const { kernels, buffers: sizes } = trainingStep(network, plan, optimizer);
  const parameterLayouts = parameterBuffers(network, optimizer, false);
  const { training } = digits({ trainingCount: 10 * plan.batchSize, testCount: 1 });
  const source = await createSource(device, training, plan.batchSize, false, {
    ratesOf: ratesOf(optimizer),
    layerCount: plan.layers.length,
  });
  source.begin(fileOrder(training.sampleCount), 1);
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
  const made = await device.create('benchmark buffers', (allocate) => {
    const stepBuffers = [...sizes].map(([name, size]) => ({ name, size }));
    const all = [...stepBuffers, ...parameterLayouts];
    return new Map(all.map(({ name, size }) => [name, allocate(name, size, usage)] as const));
  });
  for (const buffer of made.values()) {
    const noise = Float32Array.from({ length: buffer.size / 4 }, () => Math.random() - 0.5);
    device.gpu.queue.writeBuffer(buffer, 0, noise);
  }
  const buffers = new Map([...made, ...source.buffers]);
  // Alone, no kernel moves the counter on for itself: each works on the same mini-batch every time.
  device.gpu.queue.writeBuffer(source.buffers.get('counter')!, 0, Uint32Array.of(1, 2));
  const times: { label: string; seconds: number }[] = [];
  for (const kernel of kernels) {
    const program = await Program.create(device, [kernel], buffers);
    const seconds = await timeDispatch(device, program);
    times.push({ label: kernel.label, seconds });
  }
  source.dispose();
  device.release(made.values());
  return times;
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
  const plan = choosePlan(network, batchSize, device.adapter);
  const times = await timeStep(device, network, plan, preset.momentum);
  const total = times.reduce((sum, { seconds }) => sum + seconds, 0);
  for (const { label, seconds } of times) {
    console.log(`${(seconds * 1e6).toFixed(0).padStart(8)} µs  ${label}`);
  }
  console.log(
    `${(total * 1e6).toFixed(0).padStart(8)} µs  a step, ${Math.round(batchSize / total)} samples/s`,
  );
  device.destroy();
}
