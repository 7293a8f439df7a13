/**
 * Measures on a GPU every tile that a plan may have, and whole steps with the best of them:
 * `npx tsx bench/gpu.ts [--only NAME,…] [--out FILE] [--quick] [--software]`.
 *
 * For a machine with Node alone, it can be bundled into one JavaScript file that needs only the package `webgpu` beside it:
 *
 *     npx esbuild bench/gpu.ts --bundle --platform=node --format=esm --external:webgpu \
 *       --external:@sparticuz/chromium --outfile=dist/gpu.mjs && node dist/gpu.mjs --out gpu.json
 *
 * Options come from `parseArgs`, because commander cannot be bundled into an ES module.
 *
 * Every candidate is first compared with float64 on a small product. One that fails is named and not timed. `--quick` tries a few
 * candidates on small products, to check that the program runs.
 */
import { parseArgs } from 'node:util';

import { forward } from '../shaders/forward.ts';
import { hiddenDelta } from '../shaders/hiddenDelta.ts';
import type { Kernel } from '../shaders/kernel.ts';
import type { Tile } from '../shaders/matmul/matmul.ts';
import { update } from '../shaders/update.ts';
import { checkForward } from '../src/benchmark/verification/forward.ts';
import { checkHiddenDelta } from '../src/benchmark/verification/hiddenDelta.ts';
import { checkUpdate } from '../src/benchmark/verification/update.ts';
import { shuffledOrder } from '../src/data/shuffle.ts';
import { adapterName } from '../src/gpu/adapter.ts';
import { Device } from '../src/gpu/device.ts';
import { GpuEngine } from '../src/gpu/engine.ts';
import { stepLayers } from '../src/gpu/layers.ts';
import { choosePlan } from '../src/gpu/plan/choose.ts';
import { describePlan, describeTile, type LayerPlan, type Plan } from '../src/gpu/plan/plan.ts';
import { BatchTimer } from '../src/gpu/probes/batchTimer.ts';
import { probeAdapter } from '../src/gpu/probes/probeAdapter.ts';
import { updateRuleOf } from '../src/gpu/optimizerScalars.ts';
import { measureSlope } from '../src/gpu/probes/slope.ts';
import { Program } from '../src/gpu/program.ts';
import { trainingStep } from '../src/gpu/step.ts';
import { Network, type PlainNetworkOptions } from '../src/network/network.ts';
import { prepareOutput } from '../src/cli/files.ts';
import { createGpu } from '../src/node/dawn.ts';
import { sgd } from '../src/engine/optimizers.ts';
import { fusedTiles, tiles as allTiles } from './gpu/candidates.ts';
import { createStepBuffers, noise, type StepBuffers } from './stepBuffers.ts';

const optimizer = sgd({ learningRate: 1e-6 });
const modern = { activation: 'relu', output: 'softmax', cost: 'cross-entropy' } as const;

const workloads: Record<string, readonly [PlainNetworkOptions, number]> = {
  tiny: [{ layers: [784, 16, 16, 10] }, 100],
  mid: [{ layers: [784, 128, 10], ...modern }, 128],
  large: [{ layers: [784, 512, 512, 10], ...modern }, 512],
  xl: [{ layers: [784, 1024, 1024, 10], ...modern }, 1024],
  wide: [{ layers: [784, 4096, 4096, 10], ...modern }, 1024],
};
const squares = [256, 512, 1024, 4096];
const nameOfSquare = (size: number) => `matmul${size}`;

const { only, ...values } = options();
const { quick, software } = values;
const out = values.out === undefined ? undefined : await prepareOutput(values.out, '--out');
const timing = { rounds: quick ? 1 : 3, deadline: Infinity };
const secondsAStep = quick ? 0.2 : 1.5;

interface Timed {
  readonly kernel: string;
  readonly tile: string;
  readonly microseconds: number;
  readonly gflops: number;
}

const device = await Device.request({
  gpu: await createGpu({ adapter: software ? 'software' : 'auto' }),
  timeoutMs: 60_000,
});
const say = (text: string) => process.stderr.write(`${text}\n`);
const wanted = (name: string) => only === undefined || only.includes(name);
const timer = await BatchTimer.create(device);
const report: Record<string, unknown> = { adapter: adapterName(device.adapter), date: new Date() };
say(adapterName(device.adapter));
report.limits = await probeAdapter(device, quick ? { budgetMs: 300 } : {});

type Role = keyof LayerPlan;
const roles: readonly Role[] = ['forward', 'hiddenDelta', 'update'];
const nameOf = (tile: Tile) => `${tile.loop} ${describeTile(tile)} by ${tile.workgroupSize}`;
const candidates = await correctTiles();
/** Called after each part, because all of them together take long. */
const save = async () => out?.write(JSON.stringify(report, undefined, 1));
for (const [name, [options, batchSize]] of Object.entries(workloads)) {
  if (!wanted(name)) continue;
  report[name] = await measureWorkload(name, new Network(options), batchSize);
  await save();
}
for (const size of squares) {
  const name = nameOfSquare(size);
  if (!wanted(name)) continue;
  const network = new Network({ layers: [4, size, size, 4], ...modern });
  const choices = await timeLayer(network, size, 1, 'forward');
  report[name] = choices;
  await save();
  say(`${name}: ${summary(choices)}`);
}
timer.dispose();
device.destroy();
if (out === undefined) process.stdout.write(`${JSON.stringify(report, undefined, 1)}\n`);

/** Candidates whose results are within their tolerance of float64. */
async function correctTiles(): Promise<Record<Role, readonly Tile[]>> {
  const shape = quick ? { inputs: 36, outputs: 20 } : { inputs: 200, outputs: 136 };
  const batchSize = 90;
  const activation = 'relu';
  const checks: Record<Role, (tile: Tile) => Promise<number>> = {
    forward: async (tile) => {
      const options = { ...shape, activation, batchSize, tile } as const;
      const bytes = await checkForward(device, { ...options, source: 'samples' }, 'random', 1);
      const floats = { ...options, source: 'activations' } as const;
      return Math.max(bytes, await checkForward(device, floats, 'random', 1));
    },
    hiddenDelta: async (tile) =>
      await checkHiddenDelta(device, { ...shape, activation, batchSize, tile }, 'random', 1),
    update: async (tile) => {
      const layers = (['samples', 'activations'] as const).map((source) => ({
        ...shape,
        source,
        tile,
      }));
      return await checkUpdate(device, { layers, batchSize, optimizer }, 'random', 1);
    },
  };
  const correct = { forward: [], hiddenDelta: [], update: [] } as Record<Role, Tile[]>;
  const failures: string[] = [];
  for (const role of roles) {
    for (const tile of quick ? allTiles.filter((_, i) => i % 6 === 5) : allTiles) {
      const name = `${role} ${nameOf(tile)}`;
      try {
        const share = await checks[role](tile);
        if (share <= 1) correct[role].push(tile);
        else failures.push(`${name}: an error of ${share} times the tolerance`);
      } catch (error) {
        failures.push(`${name}: ${(error as Error).message}`);
      }
    }
  }
  report.failures = failures;
  for (const failure of failures) say(`left out: ${failure}`);
  return correct;
}

async function measureWorkload(name: string, network: Network, batchSize: number) {
  const plan = choosePlan(network, batchSize, { isSoftware: false, subgroupSize: 0 });
  const chosen = await wholeStep(network, plan);
  say(`${name}: ${chosen.samplesPerSecond.toFixed(0)} samples/s with the plan for GPUs`);
  const fused: unknown[] = [];
  let best = { plan, ...chosen };
  const consider = async (candidate: Plan) => {
    const found = await wholeStep(network, candidate);
    if (found.samplesPerSecond > best.samplesPerSecond) best = { plan: candidate, ...found };
    return found.samplesPerSecond;
  };
  // Layers come first, because the decision what to fuse needs the best tiles of the other layers.
  const layers: Timed[] = [];
  const tiles: LayerPlan[] = [];
  for (const [l, own] of plan.layers.entries()) {
    const tile: Record<Role, Tile> = { ...own };
    for (const role of roles) {
      if (role === 'hiddenDelta' && l === 0) continue;
      const choices = await timeLayer(network, batchSize, l, role);
      layers.push(...choices);
      say(`${name} ${role} of layer ${l}: ${summary(choices)}`);
      const first = [...choices].sort((a, b) => a.microseconds - b.microseconds)[0];
      tile[role] = candidates[role].find((one) => nameOf(one) === first?.tile) ?? own[role];
    }
    tiles.push(tile);
  }
  const tuned = withTiles(plan, tiles);
  const shapes = quick ? fusedTiles.slice(-1) : fusedTiles;
  for (let from = plan.layers.length; from >= 0; from--) {
    if (from < (plan.fused?.from ?? plan.layers.length) - 1) break;
    for (const shape of from === plan.layers.length ? [undefined] : shapes) {
      const { layers: tunedLayers, stepsPerSubmit } = tuned;
      const apart: Plan = { batchSize, layers: tunedLayers, stepsPerSubmit };
      const candidate: Plan = shape ? { ...apart, fused: { from, ...shape } } : apart;
      const samplesPerSecond = await consider(candidate);
      fused.push({ from, ...shape, samplesPerSecond });
    }
  }
  say(`${name}: ${best.samplesPerSecond.toFixed(0)} samples/s at best, ${describePlan(best.plan)}`);
  return { plan, chosen, kernels: await timeKernels(network, plan), layers, fused, best };
}

/** A plan with other tiles. All layers are updated in one dispatch, so update tiles of different workgroup sizes are not taken. */
function withTiles(plan: Plan, tiles: readonly LayerPlan[]): Plan {
  const sizes = new Set(tiles.map(({ update: { workgroupSize } }) => workgroupSize));
  const layers = tiles.map((tile, l) =>
    sizes.size > 1 ? { ...tile, update: plan.layers[l]!.update } : tile,
  );
  return { ...plan, layers };
}

/** Samples per second of whole training, shuffling included. */
async function wholeStep(network: Network, plan: Plan) {
  const { batchSize } = plan;
  const engine = await GpuEngine.create(device, { network, batchSize, optimizer, plan });
  try {
    const dataset = noise(network, quick ? 2 * batchSize : 60_000);
    await engine.load(dataset);
    const stepsAnEpoch = Math.floor(dataset.sampleCount / batchSize);
    const epoch = async (index: number) => {
      const step = index * stepsAnEpoch;
      const order = shuffledOrder(1, index, dataset.sampleCount);
      engine.beginEpoch(order, { step, epoch: index, stepOfEpoch: 0 });
      await engine.run(stepsAnEpoch);
    };
    await epoch(0);
    let steps = 0;
    const start = performance.now();
    for (let index = 1; performance.now() - start < 1000 * secondsAStep; index++) {
      await epoch(index);
      steps += stepsAnEpoch;
    }
    const seconds = (performance.now() - start) / 1000;
    const samplesPerSecond = (steps * batchSize) / seconds;
    return { samplesPerSecond, microsecondsPerStep: (1e6 * seconds) / steps };
  } finally {
    await engine.dispose();
  }
}

/** Times each kernel of a plan's step by itself. */
async function timeKernels(network: Network, plan: Plan) {
  const made = await createStepBuffers(device, network, plan.batchSize, optimizer);
  const times: { label: string; microseconds: number }[] = [];
  for (const kernel of trainingStep(network, plan, optimizer)) {
    times.push({ label: kernel.label, microseconds: 1e6 * (await timeKernel(kernel, made)) });
  }
  made.dispose();
  return times;
}

/** Seconds per dispatch. */
async function timeKernel(kernel: Kernel, { buffers }: StepBuffers): Promise<number> {
  const program = await Program.create(device, [kernel], buffers);
  return (await measureSlope(timer, program.encode.bind(program), timing)).value;
}

/** Times every candidate for one product of a layer. */
async function timeLayer(
  network: Network,
  batchSize: number,
  l: number,
  role: Role,
): Promise<Timed[]> {
  const { layers } = stepLayers(network, batchSize);
  const layer = layers[l]!;
  const { inputs, outputs } = layer;
  const kernelOf = (tile: Tile): Kernel => {
    switch (role) {
      case 'forward':
        return forward({ layer, batchSize, tile });
      case 'hiddenDelta':
        return hiddenDelta({ before: layers[l - 1]!, layer, batchSize, tile });
      case 'update':
        return update({
          layers: [{ ...layer, tile }],
          batchSize,
          optimizer: updateRuleOf(optimizer),
        });
    }
  };
  const made = await createStepBuffers(device, network, batchSize, optimizer);
  const times: Timed[] = [];
  for (const tile of candidates[role]) {
    const kernel = kernelOf(tile);
    const seconds = await timeKernel(kernel, made);
    times.push({
      kernel: kernel.label,
      tile: nameOf(tile),
      microseconds: 1e6 * seconds,
      gflops: (2 * batchSize * inputs * outputs) / seconds / 1e9,
    });
  }
  made.dispose();
  return times;
}

function summary(choices: readonly Timed[]): string {
  const [first] = [...choices].sort((a, b) => a.microseconds - b.microseconds);
  if (!first) return 'no candidate computes it';
  return `${first.microseconds.toFixed(1)} µs, ${first.gflops.toFixed(0)} GFLOP/s with ${first.tile}`;
}

/** @returns the options; ends the process with a sentence when they are wrong */
function options() {
  const flag = { type: 'boolean', default: false } as const;
  const text = { type: 'string' } as const;
  try {
    const { values } = parseArgs({
      options: { only: text, out: text, quick: flag, software: flag },
    });
    const names = values.only?.split(',');
    const known = [...Object.keys(workloads), ...squares.map(nameOfSquare)];
    const wrong = names?.find((name) => !known.includes(name));
    if (wrong === undefined) return { ...values, only: names };
    throw new Error(`--only does not know '${wrong}'. Known: ${known.join(', ')}.`);
  } catch (error) {
    process.stderr.write(`error: ${(error as Error).message}\n`);
    process.exit(2);
  }
}
