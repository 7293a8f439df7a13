/**
 * Everything that index.ts and node/index.ts export, with arguments that make no sense, as plain JavaScript may give
 * them: each call works or ends in one of nudge's errors, and leaves nothing behind.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, it } from 'vitest';

import * as nudge from '../../src/index.ts';
import * as nudgeNode from '../../src/node/index.ts';
import { testGpu } from '../setup/adapter.ts';
import { makeTinyMnist } from '../support/idxFiles.ts';

const { Device, Network, NudgeError, Sweep, Trainer, sgd } = nudge;

let device: nudge.Device;
let gpu: GPU;
let folder: string;
let checkpoint: Uint8Array;
const { MNIST_DIR } = process.env;
const start = process.cwd();
beforeAll(async () => {
  gpu = await testGpu();
  device = await Device.request({ gpu });
  // Some calls may write where they stand.
  folder = await mkdtemp(join(tmpdir(), 'nudge-hostile-'));
  process.chdir(folder);
  delete process.env.MNIST_DIR;
  const trainer = await Trainer.create(network(), trainerOptions('cpu'));
  checkpoint = await trainer.checkpoint({ note: 'mine' });
  await trainer.dispose();
});
afterAll(async () => {
  device.destroy();
  process.chdir(start);
  if (MNIST_DIR !== undefined) process.env.MNIST_DIR = MNIST_DIR;
  await rm(folder, { recursive: true });
});

const hostile: readonly unknown[] = [
  ...[undefined, null, true, NaN, Infinity, -1, 0, 0.5, 300, 2 ** 53, 10n, Symbol('a'), '', 'x'],
  ...[
    {},
    [],
    [undefined],
    [[]],
    Object.create(null) as unknown,
    () => 1,
    new Date(0),
    new DataView(new ArrayBuffer(8)),
  ],
  ...[Float32Array.of(0.5, NaN), Int8Array.of(-1), new Uint8Array(0), Uint8Array.of(255)],
];

/** A call with arguments that are in order, which are made anew for each time. */
interface Call {
  readonly run: (...args: never[]) => unknown;
  readonly args: () => readonly unknown[];
  /** Arguments that would take seconds and break nothing. */
  readonly isSlow?: (path: readonly string[], value: unknown) => boolean;
}

const layers = [4, 3, 2];
const network = () => new Network({ layers });
const parts = () => ({
  name: 'small',
  featureCount: 4,
  classCount: 2,
  features: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12),
  labels: Uint8Array.of(0, 1, 1),
});
const dataset = () => ({ ...parts(), sampleCount: 3 });
const optimizer = () => sgd({ learningRate: 0.1, momentum: 0.5 });
const schedule = () => nudge.cosineDecay({ learningRate: 0.1, steps: 10 });
const aborted = () => AbortSignal.abort(new nudge.DisposedError('stopped'));
const plan = () => JSON.parse(nudge.serializePlan({ layers }, exactPlan)) as { plan: nudge.Plan };
const exactPlan: nudge.Plan = {
  batchSize: 2,
  layers: layers.slice(1).map(() => {
    const tile = { loop: 'simple', rows4: 1, columns4: 1, workgroupSize: 4 } as const;
    return { forward: tile, hiddenDelta: tile, update: tile };
  }),
  stepsPerSubmit: 1,
};
const trainerOptions = (backend: nudge.Backend) => ({
  backend,
  batchSize: 2,
  optimizer: optimizer(),
  seed: 1,
  shuffle: true,
  ...(backend === 'webgpu' && { device, timeoutMs: 5000, plan: exactPlan, stream: false }),
  ...{ onDeviceLost: 'recover' as const, onRecovery: () => undefined },
  ...(backend === 'cpu' && { threads: 0 }),
});
const sweepOptions = () => ({
  network: { layers },
  members: [{ seed: 1, optimizer: optimizer() }],
  batchSize: 2,
  device,
  timeoutMs: 5000,
});
const address = () => ({ layer: 0, output: 1, input: 2 });
const batch = (): nudge.BatchExplanation => ({
  ...{ step: 0, sizes: layers, samples: Uint32Array.of(0, 2), costs: Float64Array.of(1, 2) },
  ...{ features: new Uint8Array(8), labels: Uint8Array.of(0, 1) },
  layers: [
    { a: new Float32Array(6), delta: new Float32Array(6) },
    { a: new Float32Array(4), delta: new Float32Array(4) },
  ],
  predictions: Uint32Array.of(1, 1),
  ...{ gradient: nudges(), usedParameters: network().parameters },
});
const nudges = () => new Float64Array(nudge.countParameters(layers));
/** Without any of the options in this place, or without one of `those`, a call takes seconds. */
const slowWithout =
  (place: string, ...those: string[]) =>
  ([argument, option]: readonly string[], value: unknown) =>
    argument === place &&
    (option === undefined
      ? Object.keys(Object(value) as object).length === 0
      : those.includes(option) && value === undefined);

/** What is called of each export; those of a class by its name and theirs. */
const calls: Readonly<Record<string, Call>> = {
  createDataset: { run: nudge.createDataset, args: () => [parts()] },
  sliceDataset: { run: nudge.sliceDataset, args: () => [dataset(), 0, 2] },
  digits: {
    run: nudge.digits,
    args: () => [{ seed: 1, trainingCount: 2, testCount: 1 }],
    isSlow: slowWithout('0', 'trainingCount', 'testCount'),
  },
  digitsRange: { run: nudge.digitsRange, args: () => [1, 'training', 0, 2] },
  readIdx: {
    run: nudge.readIdx,
    args: () => [makeTinyMnist().testLabels, { name: 'a file', limitBytes: 100 }],
  },
  readMnist: { run: nudge.readMnist, args: () => [makeTinyMnist(), 'some'] },
  readMnistFiles: {
    run: nudge.readMnistFiles,
    args: () => [[new File([Uint8Array.of(1)], 'train-images-idx3-ubyte')], 'some'],
  },
  tunePlan: {
    run: nudge.tunePlan,
    args: () => [
      device,
      network(),
      { batchSize: 2, optimizer: optimizer(), budgetMs: 1, signal: aborted() },
    ],
    isSlow: slowWithout('2', 'signal'),
  },
  saveParameters: { run: nudge.saveParameters, args: () => [network()] },
  loadParameters: {
    run: nudge.loadParameters,
    args: () => [nudge.saveParameters(network()), { layers, activation: 'sigmoid', seed: 1 }],
  },
  sha256: { run: nudge.sha256, args: () => [Uint8Array.of(1, 2)] },
  adapterName: { run: nudge.adapterName, args: () => [device.adapter] },
  'Device.request': {
    run: async (options: nudge.DeviceOptions) => (await Device.request(options)).destroy(),
    args: () => [{ gpu, powerPreference: 'low-power', timeoutMs: 5000, isVisible: () => false }],
  },
  probeAdapter: {
    run: nudge.probeAdapter,
    args: () => [device, { budgetMs: 1, signal: aborted() }],
    isSlow: slowWithout('1', 'signal'),
  },
  parsePlan: {
    run: nudge.parsePlan,
    args: () => [nudge.serializePlan({ layers }, exactPlan), { layers }],
  },
  serializePlan: { run: nudge.serializePlan, args: () => [{ layers }, plan().plan] },
  memoryPlanCache: { run: nudge.memoryPlanCache, args: () => ['here', [['key', 'text']]] },
  storagePlanCache: {
    run: nudge.storagePlanCache,
    args: () => [{ getItem: () => null, setItem: () => undefined }, 'Chrome/147'],
  },
  dense: { run: nudge.dense, args: () => [{ size: 3, activation: 'relu' }] },
  Network: {
    run: (options: nudge.NetworkOptions, parameters: Float32Array) =>
      new Network(options, parameters),
    args: () => [{ layers, activation: 'relu', seed: 1 }, network().parameters],
  },
  'Network.weights': { run: (layer: number) => network().weights(layer), args: () => [0] },
  'Network.biases': { run: (layer: number) => network().biases(layer), args: () => [0] },
  'Network.withParameters': {
    run: (parameters: Float32Array) => network().withParameters(parameters),
    args: () => [network().parameters],
  },
  countParameters: { run: nudge.countParameters, args: () => [layers] },
  parameterLayout: { run: nudge.parameterLayout, args: () => [layers] },
  sampleNudges: { run: nudge.sampleNudges, args: () => [spread(network()), [0, 0.5, 1, 0], 1] },
  averageNudges: { run: nudge.averageNudges, args: () => [spread(network()), [0, 0.5, 1, 0], [1]] },
  rankSensitivities: { run: nudge.rankSensitivities, args: () => [{ layers }, nudges(), 3] },
  timesMoreSensitive: {
    run: nudge.timesMoreSensitive,
    args: () => [{ layers }, nudges(), address(), address()],
  },
  exampleNudge: {
    run: nudge.exampleNudge,
    args: () => [batch(), 1, { layer: 1, output: 0, input: 2 }],
  },
  adam: { run: nudge.adam, args: () => [{ learningRate: schedule(), beta1: 0.9, epsilon: 1e-8 }] },
  adamW: { run: nudge.adamW, args: () => [{ learningRate: 0.1, weightDecay: 0 }] },
  sgd: {
    run: sgd,
    args: () => [{ learningRate: schedule(), momentum: 0.9, nesterov: true, weightDecay: 0 }],
  },
  constantRate: { run: nudge.constantRate, args: () => [{ learningRate: 1, warmUpSteps: 2 }] },
  stepDecay: { run: nudge.stepDecay, args: () => [{ learningRate: 1, every: 2, factor: 0.5 }] },
  exponentialDecay: {
    run: nudge.exponentialDecay,
    args: () => [{ learningRate: 1, every: 2, factor: 0.5 }],
  },
  cosineDecay: {
    run: nudge.cosineDecay,
    args: () => [{ learningRate: 1, steps: 10, finalLearningRate: 0.1 }],
  },
  learningRateAt: { run: nudge.learningRateAt, args: () => [schedule(), 3] },
  'Sweep.create': {
    run: async (options: nudge.SweepOptions) => await (await Sweep.create(options)).dispose(),
    args: () => [sweepOptions()],
  },
  'Trainer.create, webgpu': {
    run: createTrainer,
    args: () => [network(), trainerOptions('webgpu')],
  },
  'Trainer.create, cpu': { run: createTrainer, args: () => [network(), trainerOptions('cpu')] },
  'Trainer.create, reference': {
    run: createTrainer,
    args: () => [network(), trainerOptions('reference')],
  },
  'Trainer.resume': {
    run: async (bytes: Uint8Array, options: nudge.ResumeOptions) =>
      await (await Trainer.resume(bytes, options)).dispose(),
    args: () => [checkpoint, trainerOptions('cpu')],
  },
  originCheckpoints: { run: nudge.originCheckpoints, args: () => ['run'] },
  folderCheckpoints: { run: nudgeNode.folderCheckpoints, args: () => ['run'] },
  'folderCheckpoints, write': {
    run: (bytes: Uint8Array) => nudgeNode.folderCheckpoints(join(folder, 'run')).write(bytes),
    args: () => [checkpoint],
  },
  createGpu: { run: nudgeNode.createGpu, args: () => [{ adapter: 'software', dawnOptions: [] }] },
  downloadMnist: {
    run: nudgeNode.downloadMnist,
    args: () => [
      {
        folder,
        mirrors: ['http://127.0.0.1:9/'],
        fetch: () => Promise.reject(new Error('no network')),
        stallTimeoutMs: 1,
      },
    ],
  },
  filePlanCache: {
    run: nudgeNode.filePlanCache,
    args: () => [{ runtime: 'here', path: join(folder, 'plans.json') }],
  },
  planCachePath: { run: nudgeNode.planCachePath, args: () => [{ XDG_CACHE_HOME: '/cache' }] },
  findMnistFolder: { run: nudgeNode.findMnistFolder, args: () => [folder] },
  loadMnist: { run: nudgeNode.loadMnist, args: () => [folder] },
};

function spread({ layers: sizes, activation, output, cost, parameters }: nudge.Network) {
  return { layers: sizes, activation, output, cost, parameters };
}

async function createTrainer(of: nudge.Network, options: nudge.TrainerOptions): Promise<void> {
  await (await Trainer.create(of, options)).dispose();
}

/** Every place of arguments that something else can stand in: an argument, or a property of a plain object or array. */
function placesOf(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  const isPlain = Array.isArray(value) || Object.getPrototypeOf(value ?? 0) === Object.prototype;
  const within = isPlain && path.length < 4 ? Object.entries(value as object) : [];
  return [
    ...(path.length > 0 ? [path] : []),
    ...within.flatMap(([name, inner]) => placesOf(inner, [...path, name])),
  ];
}

/** The arguments with a value in one place; plain objects on the way to it are copied. */
function withValue(of: unknown, [name, ...rest]: readonly string[], value: unknown): unknown {
  if (name === undefined) return value;
  const copy = Array.isArray(of) ? [...(of as unknown[])] : { ...(of as object) };
  const inner = (of as Readonly<Record<string, unknown>>)[name];
  (copy as Record<string, unknown>)[name] = withValue(inner, rest, value);
  return copy;
}

async function expectTyped(
  { run, args, isSlow }: Call,
  isExpected: (error: unknown) => boolean = (error) => error instanceof NudgeError,
): Promise<void> {
  const good = args();
  for (const path of placesOf(good)) {
    for (const value of hostile) {
      if (isSlow?.(path, value) === true) continue;
      const given = withValue(good, path, value) as never[];
      try {
        await run(...given);
      } catch (error) {
        if (isExpected(error)) continue;
        const what =
          typeof value === 'symbol'
            ? 'a symbol'
            : `${typeof value} ${Object.prototype.toString.call(value)}`;
        throw new Error(`${path.join('.')} as ${what} ended in no error of nudge's`, {
          cause: error,
        });
      }
    }
  }
}

it('every export has its calls below', () => {
  const exported = Object.entries({ ...nudge, ...nudgeNode })
    .filter(([name, value]) => typeof value === 'function' && !name.endsWith('Error'))
    .map(([name]) => name);
  const called = Object.keys(calls).map((name) => name.split(/[.,]/)[0]);
  expect(exported.filter((name) => !called.includes(name))).toEqual([]);
});

it.each(Object.keys(calls))('%s works or ends in an error of nudge’s', async (name) => {
  const before = device.liveBuffers;
  await expectTyped(calls[name]!);
  expect(device.liveBuffers).toBe(before);
});

/** What a trainer, and a sweep, can be asked to do. */
const learners = {
  'Trainer, webgpu': () => Trainer.create(network(), trainerOptions('webgpu')),
  'Trainer, cpu': () => Trainer.create(network(), trainerOptions('cpu')),
  'Trainer, reference': () => Trainer.create(network(), trainerOptions('reference')),
  Sweep: () => Sweep.create(sweepOptions()),
} as const;

it.each(Object.keys(learners) as (keyof typeof learners)[])(
  '%s refuses hostile datasets and options, and goes on',
  async (name) => {
    const learner = await learners[name]();
    const fit = async (data: nudge.Dataset, options: nudge.FitOptions) => {
      for await (const { step } of learner.fit(data, options)) expect(step).toBeGreaterThan(0);
    };
    // A training set of bytes is the same one each time, which is loaded once.
    const same = dataset();
    await expectTyped({
      run: fit,
      args: () => [same, { steps: 1, reportEvery: 1, signal: new AbortController().signal }],
      isSlow: ([place, option], value) =>
        // So many steps, and changes that make another set of it, but no worse one.
        (place === '1' && option === 'steps' && value === 300) ||
        (place === '0' && option === 'name' && typeof value === 'string'),
    });
    const asks: ((data: nudge.Dataset) => Promise<unknown>)[] = [
      (data) => learner.evaluate(data),
      (data) => learner.prepare(data),
      (data) => (learner instanceof Sweep ? Promise.resolve() : learner.predict(data)),
    ];
    for (const run of asks) await expectTyped({ run, args: () => [same] });
    if (learner instanceof Sweep) {
      await expectTyped({ run: (index: number) => learner.network(index), args: () => [0] });
    } else {
      const explain = (data: nudge.Dataset, sample: number) => learner.explain(data, sample);
      await expectTyped({ run: explain, args: () => [same, 2] });
      const explainBatch = (data: nudge.Dataset, samples?: number[]) =>
        learner.explainBatch(data, samples);
      await expectTyped({ run: explainBatch, args: () => [same, [2, 0]] });
      const keep = (options: nudge.CheckpointOptions) => learner.checkpoint(options);
      await expectTyped({ run: keep, args: () => [{ note: 'mine' }] });
      const snapshot = await learner.snapshot();
      const restore = (one: nudge.TrainingSnapshot) => learner.restore(one);
      await expectTyped({ run: restore, args: () => [snapshot] });
      await learner.restore(snapshot);
    }
    await fit(same, { steps: 1 });
    await learner.dispose();
    expect(device.liveBuffers).toBe(0);
  },
);

it('a misspelt option is an error that names the right ones', async () => {
  const typo = { ...trainerOptions('cpu'), learningrate: 1 };
  await expect(Trainer.create(network(), typo)).rejects.toThrow(
    "Trainer.create has no option 'learningrate'. Its options are backend, batchSize,",
  );
  expect(() => sgd({ learningRate: 1, momentun: 0.9 } as nudge.SgdOptions)).toThrow(
    "sgd has no option 'momentun'. Its options are learningRate, momentum, nesterov, weightDecay.",
  );
  expect(() => new Network({ layers, outputs: 'softmax' } as nudge.NetworkOptions)).toThrow(
    "Network has no option 'outputs'.",
  );
  // A name may come from a file.
  expect(() => new Network({ layers, '\u202e': 1 } as nudge.NetworkOptions)).toThrow(
    "Network has no option '\\u202e'.",
  );
});
