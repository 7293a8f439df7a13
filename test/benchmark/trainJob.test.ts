import { createHash } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import {
  runEvaluation,
  runTraining,
  type TrainConfiguration,
  type TrainEvent,
} from '../../src/benchmark/trainJob.ts';
import { ConfigurationError, NonFiniteError } from '../../src/errors.ts';
import { Network } from '../../src/network/network.ts';
import { sgd } from '../../src/engine/optimizers.ts';
import { Trainer } from '../../src/training/trainer.ts';
import { FakeGpu } from '../support/fakeGpu.ts';
import { noisyPatterns, testRandom } from '../support/networks.ts';

const shape = { featureCount: 12, classCount: 4, noise: 0.3 };
const data = {
  training: noisyPatterns(testRandom(1), { sampleCount: 100, ...shape }),
  test: noisyPatterns(testRandom(1), { sampleCount: 40, ...shape }),
};
const configuration: TrainConfiguration = {
  network: { layers: [12, 6, 4], seed: 5 },
  batchSize: 8,
  learningRate: 1,
  momentum: 0.5,
  epochs: 2,
  seed: 3,
  shuffle: true,
  backend: 'cpu',
};

it('a training gives the same as a Trainer with the same options', async () => {
  const result = await runTraining(configuration, data);

  const trainer = await Trainer.create(new Network(configuration.network), {
    batchSize: 8,
    optimizer: sgd({ learningRate: 1, momentum: 0.5 }),
    seed: 3,
    backend: 'cpu',
  });
  let costSum = 0;
  const costs: number[] = [];
  const evaluations = [];
  for await (const report of trainer.fit(data.training, { epochs: 2, reportEvery: 1 })) {
    costSum += report.cost * report.samples;
    if (!report.endOfEpoch) continue;
    costs.push(costSum / 100);
    costSum = 0;
    evaluations.push(await trainer.evaluate(data.test));
  }
  const { parameters } = await trainer.network();
  await trainer.dispose();

  expect(result).toMatchObject({ engine: { backend: 'cpu' }, steps: 26, isStopped: false });
  expect(result.parameters).toEqual(parameters);
  expect(result.epochs.map((epoch) => epoch.evaluation)).toEqual(evaluations);
  result.epochs.forEach(({ cost }, e) => expect(cost).toBeCloseTo(costs[e]!, 12));
  expect(result.evaluation).toEqual(evaluations[1]);
  expect(result.sha256).toBe(
    createHash('sha256').update(new Uint8Array(parameters.buffer)).digest('hex'),
  );
});

it('emits start, progress and epoch events in this order', async () => {
  const events: TrainEvent[] = [];
  const { epochs } = await runTraining(configuration, data, {
    onEvent: (event) => events.push(event),
  });
  expect(events.map(({ type }) => type)).toEqual([
    'start',
    'progress',
    'epoch',
    'progress',
    'epoch',
  ]);
  expect(events[0]).toMatchObject({ stepsPerEpoch: 13, steps: 26, engine: { backend: 'cpu' } });
  expect(events.flatMap((event) => (event.type === 'epoch' ? [event.result] : []))).toEqual(epochs);
});

it('starts from given parameters', async () => {
  const first = await runTraining({ ...configuration, epochs: 1 }, data);
  const network = { ...configuration.network, parameters: first.parameters };
  const { evaluation, sha256 } = await runEvaluation({ network, backend: 'reference' }, data);
  expect(sha256).toBe(first.sha256);
  expect(evaluation.cost).toBeCloseTo(first.evaluation.cost, 5);
});

describe('a stopped training', () => {
  it('returns the network trained so far', async () => {
    const abort = new AbortController();
    let epochs = 0;
    const result = await runTraining({ ...configuration, epochs: 100_000 }, data, {
      signal: abort.signal,
      onEvent: (event) => {
        if (event.type === 'epoch' && ++epochs === 2) abort.abort();
      },
    });
    expect(result.isStopped).toBe(true);
    expect(result.steps).toBeGreaterThanOrEqual(26);
    const network = { ...configuration.network, parameters: result.parameters };
    const again = await runEvaluation({ network, backend: 'cpu' }, data);
    expect(again.evaluation).toEqual(result.evaluation);
  });

  it('returns the initial network if it was stopped before it began', async () => {
    const result = await runTraining(configuration, data, { signal: AbortSignal.abort() });
    expect(result).toMatchObject({ isStopped: true, steps: 0, epochs: [] });
    expect(result.parameters).toEqual(new Network(configuration.network).parameters);
  });
});

it('a partial epoch is marked as unfinished', async () => {
  const { epochs, ...counted } = configuration;
  expect(epochs).toBe(2);
  const result = await runTraining({ ...counted, steps: 15 }, data);
  expect(result.epochs).toMatchObject([
    { epoch: 1, isComplete: true, step: 13, samples: 100 },
    { epoch: 2, isComplete: false, step: 15, samples: 16 },
  ]);
  expect(result.isStopped).toBe(false);
  expect(result.evaluation).toEqual(result.epochs[1]!.evaluation);
});

it('a GPU that stops answering counts as lost after the time limit', async () => {
  const { gpu } = new FakeGpu((call) => (call === 60 ? 'silent' : undefined));
  const events: TrainEvent[] = [];
  const { steps } = await runTraining(
    { ...configuration, backend: 'webgpu', timeoutMs: 150 },
    data,
    { gpu, onEvent: (event) => void events.push(event) },
  );
  expect(steps).toBe(26);
  const [lost] = events.filter(({ type }) => type === 'lost');
  expect(lost).toMatchObject({ reason: 'timeout' });
  expect((lost as { message: string }).message).toContain('has finished nothing for 150 ms');
});

it('throws if the data does not fit or the training diverges', async () => {
  const wide = { ...configuration, network: { layers: [13, 4] } };
  await expect(runTraining(wide, data)).rejects.toThrow(ConfigurationError);
  const wild = {
    ...configuration,
    network: { layers: [12, 6, 4], output: 'linear' as const },
    learningRate: 1e38,
  };
  await expect(runTraining(wild, data)).rejects.toThrow(NonFiniteError);
});
