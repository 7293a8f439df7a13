/**
 * Measures on a GPU every tile that a plan may have, and what whole steps make of the best:
 * `npx tsx bench/gpu.ts [--only NAME,…] [--out FILE] [--quick] [--software]`.
 *
 * For a machine that has Node and nothing else, one file of plain JavaScript, to be run beside the package `webgpu`:
 *
 *     npx esbuild bench/gpu.ts --bundle --platform=node --format=esm --external:webgpu \
 *       --external:@sparticuz/chromium --outfile=dist/gpu.mjs && node dist/gpu.mjs --out gpu.json
 *
 * Every candidate is first held against float64 on a small product; one that fails is named and not timed. `--quick`
 * tries a few candidates on small products, to see that all of it runs.
 */
import { forward } from '../shaders/forward.ts';
import { hiddenDelta } from '../shaders/hiddenDelta.ts';
import type { Kernel } from '../shaders/kernel.ts';
import type { Tile } from '../shaders/matmul/matmul.ts';
import { update } from '../shaders/update.ts';
import { checkForward } from '../src/benchmark/verification/forward.ts';
import { checkHiddenDelta } from '../src/benchmark/verification/hiddenDelta.ts';
import { checkUpdate } from '../src/benchmark/verification/update.ts';
import type { Dataset } from '../src/data/dataset.ts';
import { shuffledOrder } from '../src/data/shuffle.ts';
import { adapterName } from '../src/gpu/adapter.ts';
import { Device } from '../src/gpu/device.ts';
import { GpuEngine } from '../src/gpu/engine.ts';
import { stepLayers } from '../src/gpu/layers.ts';
import { parameterBuffers } from '../src/gpu/parameterStore.ts';
import { choosePlan } from '../src/gpu/plan/choose.ts';
import {
  describePlan,
  describeTile,
  paddedRows,
  type LayerPlan,
  type Plan,
} from '../src/gpu/plan/plan.ts';
import { probeAdapter } from '../src/gpu/probes/probeAdapter.ts';
import { optimizerScalarsOf, updateRuleOf } from '../src/gpu/optimizerScalars.ts';
import { createSource } from '../src/gpu/source.ts';
import { trainingStep } from '../src/gpu/step.ts';
import { Network, type PlainNetworkOptions } from '../src/network/network.ts';
import { prepareOutput } from '../src/cli/files.ts';
import { createGpu } from '../src/node/dawn.ts';
import { TrainingCursor } from '../src/engine/cursor.ts';
import { sgd } from '../src/engine/optimizers.ts';
import { fusedTiles, tiles as allTiles } from './gpu/candidates.ts';
import { timeKernel } from './gpu/timer.ts';

const argument = (name: string) => process.argv[process.argv.indexOf(name) + 1];
const has = (name: string) => process.argv.includes(name);
const quick = has('--quick');
const only = has('--only') ? argument('--only')?.split(',') : undefined;
const path = has('--out') ? argument('--out') : undefined;
const out = path === undefined ? undefined : await prepareOutput(path, '--out');
const timing = quick ? { targetMs: 1, rounds: 1 } : { targetMs: 10, rounds: 3 };
const secondsAStep = quick ? 0.2 : 1.5;
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

interface Timed {
  readonly kernel: string;
  readonly tile: string;
  readonly microseconds: number;
  readonly gflops: number;
}

const device = await Device.request({
  gpu: await createGpu({ adapter: has('--software') ? 'software' : 'auto' }),
  timeoutMs: 60_000,
});
const say = (text: string) => process.stderr.write(`${text}\n`);
const wanted = (name: string) => only === undefined || only.includes(name);
const report: Record<string, unknown> = { adapter: adapterName(device.adapter), date: new Date() };
say(adapterName(device.adapter));
report.limits = await probeAdapter(device, quick ? { budgetMs: 300 } : {});

type Role = keyof LayerPlan;
const roles: readonly Role[] = ['forward', 'hiddenDelta', 'update'];
const nameOf = (tile: Tile) => `${tile.loop} ${describeTile(tile)} by ${tile.workgroupSize}`;
const candidates = await correctTiles();
/** Written after each part: all of them take long. */
const save = async () => out?.write(JSON.stringify(report, undefined, 1));
for (const [name, [options, batchSize]] of Object.entries(workloads)) {
  if (!wanted(name)) continue;
  report[name] = await measureWorkload(name, new Network(options), batchSize);
  await save();
}
for (const size of squares) {
  const name = `matmul${size}`;
  if (!wanted(name)) continue;
  const network = new Network({ layers: [4, size, size, 4], ...modern });
  const choices = await timeLayer(network, size, 1, 'forward');
  report[name] = choices;
  await save();
  say(`${name}: ${summary(choices)}`);
}
device.destroy();
if (out === undefined) process.stdout.write(`${JSON.stringify(report, undefined, 1)}\n`);

/** Candidates that compute what float64 does. */
async function correctTiles(): Promise<Record<Role, readonly Tile[]>> {
  const shape = quick ? { inputs: 36, outputs: 20 } : { inputs: 200, outputs: 136 };
  const [batchSize, rows] = [90, 92];
  const activation = 'relu';
  const checks: Record<Role, (tile: Tile) => Promise<number>> = {
    forward: async (tile) => {
      const options = { ...shape, activation, batchSize, rows, tile } as const;
      const bytes = await checkForward(device, { ...options, source: 'samples' }, 'random', 1);
      const floats = { ...options, source: 'activations' } as const;
      return Math.max(bytes, await checkForward(device, floats, 'random', 1));
    },
    hiddenDelta: async (tile) =>
      await checkHiddenDelta(device, { ...shape, activation, rows, tile }, 'random', 1),
    update: async (tile) => {
      const layers = (['samples', 'activations'] as const).map((source) => ({
        ...shape,
        source,
        tile,
      }));
      return await checkUpdate(device, { layers, batchSize, rows, optimizer }, 'random', 1);
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
        else failures.push(`${name}: ${share} of its bound`);
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
  // The layers first: what is fused is decided with the best tiles for the rest.
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

/** A plan with other tiles, where those of the update can share one dispatch. */
function withTiles(plan: Plan, tiles: readonly LayerPlan[]): Plan {
  const sizes = new Set(tiles.map(({ update: { workgroupSize } }) => workgroupSize));
  const layers = tiles.map((tile, l) =>
    sizes.size > 1 ? { ...tile, update: plan.layers[l]!.update } : tile,
  );
  return { ...plan, layers };
}

/** Samples a second of training with everything that belongs to it. */
async function wholeStep(network: Network, plan: Plan) {
  const { batchSize } = plan;
  const engine = await GpuEngine.create(device, { network, batchSize, optimizer, plan });
  try {
    const dataset = noise(quick ? 2 * batchSize : 60_000, network);
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

/** Each kernel of a plan's step by itself. */
async function timeKernels(network: Network, plan: Plan) {
  return await withBuffers(network, plan.batchSize, paddedRows(plan.batchSize), async (buffers) => {
    const times: { label: string; microseconds: number }[] = [];
    for (const kernel of trainingStep(network, plan, optimizer)) {
      const seconds = await timeKernel(device, kernel, buffers, timing);
      times.push({ label: kernel.label, microseconds: 1e6 * seconds });
    }
    return times;
  });
}

/** Every candidate for one product of a layer. */
async function timeLayer(
  network: Network,
  batchSize: number,
  l: number,
  role: Role,
): Promise<Timed[]> {
  const rows = paddedRows(batchSize);
  const all = stepLayers(network, rows);
  const { inputs, outputs } = all.forward[l]!;
  const kernelOf = (tile: Tile): Kernel => {
    switch (role) {
      case 'forward':
        return forward({ layer: all.forward[l]!, batchSize, rows, tile });
      case 'hiddenDelta':
        return hiddenDelta({ layer: all.hiddenDelta[l - 1]!, rows, tile });
      case 'update':
        return update({
          layers: [{ ...all.update[l]!, tile }],
          batchSize,
          rows,
          optimizer: updateRuleOf(optimizer),
        });
    }
  };
  return await withBuffers(network, batchSize, rows, async (buffers) => {
    const times: Timed[] = [];
    for (const tile of candidates[role]) {
      const kernel = kernelOf(tile);
      const seconds = await timeKernel(device, kernel, buffers, timing);
      times.push({
        kernel: kernel.label,
        tile: nameOf(tile),
        microseconds: 1e6 * seconds,
        gflops: (2 * batchSize * inputs * outputs) / seconds / 1e9,
      });
    }
    return times;
  });
}

/** All buffers of a step with random contents, at a step in the middle of an epoch. */
async function withBuffers<T>(
  network: Network,
  batchSize: number,
  rows: number,
  work: (buffers: ReadonlyMap<string, GPUBuffer>) => Promise<T>,
): Promise<T> {
  const all = stepLayers(network, rows);
  const source = await createSource(device, noise(10 * batchSize, network), batchSize, false, {
    optimizerScalarsOf: optimizerScalarsOf(optimizer),
    layerCount: network.layers.length - 1,
  });
  const made = await device.createBuffers('benchmark buffers', [
    ['activations', 16 * all.activationVec4s],
    ['deltas', 16 * all.deltaVec4s],
    ['metrics', 8 * rows],
    ...parameterBuffers(network, optimizer, false).map(({ name, size }) => [name, size] as const),
  ]);
  try {
    source.begin(
      shuffledOrder(1, 0, 10 * batchSize),
      new TrainingCursor(10, { step: 1, epoch: 0, stepOfEpoch: 1 }),
    );
    for (const buffer of made.values()) {
      const values = Float32Array.from({ length: buffer.size / 4 }, () => Math.random() - 0.5);
      device.gpu.queue.writeBuffer(buffer, 0, values);
    }
    // Alone, no kernel moves the counter on for itself: each works on the same mini-batch every time.
    device.gpu.queue.writeBuffer(source.buffers.get('counter')!, 0, Uint32Array.of(1, 2));
    return await work(new Map([...made, ...source.buffers]));
  } finally {
    source.dispose();
    device.release(made.values());
  }
}

function noise(sampleCount: number, { layers }: Network): Dataset {
  const [featureCount, classCount] = [layers[0]!, layers.at(-1)!];
  const features = new Uint8Array(sampleCount * featureCount);
  // So many bytes may be asked for at once.
  const max = 65_536;
  for (let from = 0; from < features.length; from += max) {
    crypto.getRandomValues(features.subarray(from, from + max));
  }
  return {
    name: 'noise',
    sampleCount,
    featureCount,
    classCount,
    features,
    labels: Uint8Array.from({ length: sampleCount }, (_, n) => n % classCount),
  };
}

function summary(choices: readonly Timed[]): string {
  const [first] = [...choices].sort((a, b) => a.microseconds - b.microseconds);
  if (!first) return 'no candidate computes it';
  return `${first.microseconds.toFixed(1)} µs, ${first.gflops.toFixed(0)} GFLOP/s with ${first.tile}`;
}
