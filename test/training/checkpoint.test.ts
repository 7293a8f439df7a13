import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { adam, sgd } from '../../src/engine/optimizers.ts';
import { NonFiniteError } from '../../src/errors.ts';
import { Network } from '../../src/network/network.ts';
import { Trainer } from '../../src/training/trainer.ts';
import { optionalSafetensors } from '../setup/optional.ts';
import { describeCheckpoints } from '../support/checkpoints.ts';
import { fit, training } from '../support/explaining.ts';
import { failureOf } from '../support/failure.ts';

// The number of threads comes from the checkpoint.
for (const threads of [0, 2] as const) {
  describeCheckpoints(
    `cpu, threads ${threads}`,
    (network, options) => Trainer.create(network, { ...options, backend: 'cpu', threads }),
    () => ({}),
  );
}
describeCheckpoints(
  'reference',
  (network, options) => Trainer.create(network, { ...options, backend: 'reference' }),
  () => ({}),
);

const layers = [784, 8, 10];

it('a checkpoint of one backend continues on another, within float32', async () => {
  const options = { batchSize: 100, optimizer: adam() };
  const first = await Trainer.create(new Network({ layers }), { ...options, backend: 'cpu' });
  await fit(first, { steps: 3 });
  const bytes = await first.checkpoint();
  await fit(first, { steps: 3 });
  const second = await Trainer.resume(bytes, { backend: 'reference' });
  expect(second.resumedFrom).toMatchObject({ step: 3, epoch: 0, stepOfEpoch: 3, backend: 'cpu' });
  expect(second.backend).toBe('reference');
  await fit(second, { steps: 3 });
  const [expected, found] = [await first.network(), await second.network()];
  found.parameters.forEach((value, i) => expect(value).toBeCloseTo(expected.parameters[i]!, 4));
  await first.dispose();
  await second.dispose();
});

it('before there is a training set, a checkpoint takes any', async () => {
  const options = { batchSize: 100, optimizer: sgd({ learningRate: 1 }), backend: 'cpu' } as const;
  const first = await Trainer.create(new Network({ layers }), options);
  const second = await Trainer.resume(await first.checkpoint());
  expect([second.step, second.curve]).toEqual([0, []]);
  await fit(second, { steps: 2 });
  await fit(first, { steps: 2 });
  expect(await second.snapshot()).toEqual(await first.snapshot());
  await first.dispose();
  await second.dispose();
});

it('a stopped run keeps the steps that no report has told of, also in its curve', async () => {
  const options = { batchSize: 10, optimizer: sgd({ learningRate: 1 }), backend: 'cpu' } as const;
  const trainer = await Trainer.create(new Network({ layers }), options);
  for await (const { step } of trainer.fit(training, { steps: 60, reportEvery: 4 })) {
    if (step >= 8) break;
  }
  const resumed = await Trainer.resume(await trainer.checkpoint());
  expect(resumed.step).toBe(trainer.step);
  expect(resumed.curve).toEqual(trainer.curve);
  const samples = resumed.curve.reduce((sum, point) => sum + point.samples, 0);
  expect([resumed.curve.at(-1)!.step, samples]).toEqual([trainer.step, 10 * trainer.step]);
  await trainer.dispose();
  await resumed.dispose();
});

it('a trainer that has diverged gives no checkpoint', async () => {
  const options = { batchSize: 100, optimizer: sgd({ learningRate: 1e38 }) };
  const shape = { layers, activation: 'relu', output: 'linear' } as const;
  const trainer = await Trainer.create(new Network(shape), { ...options, backend: 'cpu' });
  let during: Promise<unknown> | undefined;
  const run = async () => {
    for await (const { step } of trainer.fit(training, { steps: 8, reportEvery: 1 })) {
      if (step === 1) during = failureOf(trainer.checkpoint(), NonFiniteError);
    }
  };
  await failureOf(run(), NonFiniteError);
  await during;
  await failureOf(trainer.checkpoint(), NonFiniteError);
  await trainer.dispose();
});

/** Prints the metadata, and for each tensor its dtype, its shape and its last element as hexadecimal bytes. */
const reader = `
import json, sys
from safetensors import safe_open
with safe_open(sys.argv[1], framework='numpy') as file:
    tensors = {name: file.get_tensor(name) for name in file.keys()}
    print(json.dumps({'metadata': file.metadata(), 'tensors': {
        name: [str(t.dtype), list(t.shape), t.reshape(-1)[-1:].tobytes().hex()] for name, t in tensors.items()}}))
`;

it.for(['cpu', 'reference'] as const)(
  "Python's safetensors reads a checkpoint of %s",
  async (backend, context) => {
    const python = optionalSafetensors(context);
    const options = { batchSize: 100, optimizer: adam(), backend };
    const trainer = await Trainer.create(new Network({ layers }), options);
    await fit(trainer, { steps: 2, reportEvery: 1 });
    const { parameters, moments } = await trainer.snapshot();
    const folder = await mkdtemp(join(tmpdir(), 'nudge-python-'));
    const file = join(folder, 'run.safetensors');
    await writeFile(file, await trainer.checkpoint({ note: 'a note' }));
    await trainer.dispose();
    const text = execFileSync(python, ['-c', reader, file], { encoding: 'utf8' });
    await rm(folder, { recursive: true });
    const found = JSON.parse(text) as {
      readonly metadata: Record<string, string>;
      readonly tensors: Record<string, readonly [string, readonly number[], string]>;
    };
    expect(found.metadata).toMatchObject({ format: 'pt', layers: '784,8,10' });
    expect(found.metadata['checkpoint.note']).toBe('a note');
    expect(JSON.parse(found.metadata['checkpoint.position']!)).toEqual({
      ...{ step: 2, epoch: 0, stepOfEpoch: 2 },
    });
    const last = (values: Float32Array | Float64Array) =>
      Buffer.from(values.slice(-1).buffer).toString('hex');
    const dtype = backend === 'cpu' ? 'float32' : 'float64';
    expect(found.tensors['layers.1.bias']).toEqual([dtype, [10], last(parameters)]);
    expect(found.tensors['optimizer.1.layers.1.bias']).toEqual([dtype, [10], last(moments[1]!)]);
    expect(found.tensors['layers.0.weight']!.slice(0, 2)).toEqual([dtype, [8, 784]]);
    expect(found.tensors.curve!.slice(0, 2)).toEqual(['float64', [2, 5]]);
    expect(Object.keys(found.tensors)).toHaveLength(13);
  },
);
