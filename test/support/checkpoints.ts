/** What every backend has to keep when a run goes on from a checkpoint; tests call it with each. */
import { describe, expect, it } from 'vitest';

import { adam, sgd, type Optimizer } from '../../src/engine/optimizers.ts';
import { cosineDecay } from '../../src/engine/schedules.ts';
import { ConfigurationError, FormatError } from '../../src/errors.ts';
import { readSafetensors } from '../../src/formats/safetensors.ts';
import { loadParameters, saveParameters } from '../../src/formats/parameters.ts';
import { Network } from '../../src/network/network.ts';
import type { ResumeOptions } from '../../src/training/resume.ts';
import type { TrainingSnapshot } from '../../src/training/snapshot.ts';
import { Trainer } from '../../src/training/trainer.ts';
import { fit, test as otherData, training, type CreateTrainer } from './explaining.ts';
import { failureOf } from './failure.ts';

const network = new Network({ layers: [784, 13, 10], activation: 'relu', initializer: 'normal' });
/** 330 samples are 4 steps an epoch, the last of 30. */
const batchSize = 100;
const runs: readonly { readonly batchSize: number; readonly optimizer: Optimizer }[] = [
  { batchSize, optimizer: sgd({ learningRate: 0.1, weightDecay: 0.001 }) },
  { batchSize, optimizer: sgd({ learningRate: 0.1, momentum: 0.9, nesterov: true }) },
  {
    batchSize,
    optimizer: adam({ learningRate: cosineDecay({ learningRate: 0.01, steps: 15 }) }),
    ...{ clipNorm: 0.5, seed: 7 },
  },
];

/** Compares large arrays faster than `toEqual`. */
function expectSameState(one: TrainingSnapshot, other: TrainingSnapshot): void {
  expect([one.step, one.epoch, one.stepOfEpoch]).toEqual([
    ...[other.step, other.epoch, other.stepOfEpoch],
  ]);
  const [a, b] = [one, other].map(({ parameters, moments }) => [parameters, ...moments]);
  expect(a).toHaveLength(b!.length);
  a!.forEach((values, k) => expect(bytesOf(values).equals(bytesOf(b![k]!))).toBe(true));
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
  Buffer.from(buffer, byteOffset, byteLength);

export function describeCheckpoints(
  backend: string,
  create: CreateTrainer,
  machine: () => ResumeOptions,
): void {
  describe(`checkpoints on ${backend}`, () => {
    it.each(runs)('continue with the bits and the curve of the whole run: %o', async (options) => {
      const whole = await create(network, options);
      const taken: Promise<Uint8Array>[] = [];
      // A run is ahead of each report here, so these checkpoints are of moments that no report has told of.
      for await (const { step } of whole.fit(training, { steps: 13, reportEvery: 1 })) {
        if ([3, 6].includes(step)) taken.push(whole.checkpoint({ note: `after ${step}` }));
      }
      const expected = await whole.snapshot();
      expect(whole.curve.map(({ step }) => step)).toEqual(Array.from(Array(13), (_, n) => n + 1));
      const checkpoints = await Promise.all(taken);
      const steps: number[] = [];
      for (const bytes of checkpoints) {
        const resumed = await Trainer.resume(bytes, machine());
        steps.push(resumed.step);
        // The file again, but for the note.
        const note = resumed.resumedFrom?.note;
        expect(bytesOf(await resumed.checkpoint({ note })).equals(bytes)).toBe(true);
        await fit(resumed, { steps: 13 - resumed.step, reportEvery: 1 });
        expectSameState(await resumed.snapshot(), expected);
        expect(resumed.curve).toEqual(whole.curve);
        await resumed.dispose();
      }
      expect(steps).toEqual([4, 7]);
      await whole.dispose();
    });

    it('hold the tensors that PyTorch and other readers of safetensors expect', async () => {
      const trainer = await create(network, runs[1]!);
      await fit(trainer, { steps: 3 });
      const { parameters, moments } = await trainer.snapshot();
      const bytes = await trainer.checkpoint();
      const { tensors, metadata } = readSafetensors(bytes);
      const dtype = parameters instanceof Float64Array ? 'F64' : 'F32';
      const saved = readSafetensors(saveParameters(await trainer.network()));
      for (const [name, { shape }] of saved.tensors) {
        expect(tensors.get(name)).toMatchObject({ dtype, shape });
        expect(tensors.get(`optimizer.0.${name}`)).toMatchObject({ dtype, shape });
      }
      expect([...tensors.keys()]).toHaveLength(9);
      for (const [key, value] of saved.metadata) expect(metadata.get(key)).toBe(value);
      // The last weight of the second layer, read without our code.
      const { data } = tensors.get('optimizer.0.layers.1.weight')!;
      const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
      const last =
        dtype === 'F64' ? view.getFloat64(129 * 8, true) : view.getFloat32(129 * 4, true);
      expect(last).toBe(moments[0]![784 * 13 + 13 + 129]);
      if (dtype === 'F32') {
        const weights = loadParameters(bytes);
        expect(bytesOf(weights.parameters).equals(bytesOf(parameters))).toBe(true);
      }
      await trainer.dispose();
    });

    it('are refused with other data, other settings and other bytes', async () => {
      const trainer = await create(network, runs[2]!);
      await fit(trainer, { steps: 2 });
      const bytes = await trainer.checkpoint();
      await trainer.dispose();
      const resumed = await Trainer.resume(bytes, machine());
      const other = { ...training, features: training.features.slice() };
      other.features[4000]! ^= 1;
      for (const data of [otherData, other]) {
        const { message } = await failureOf(resumed.prepare(data), ConfigurationError);
        expect(message).toContain(`training set '${training.name}' (330 samples`);
        expect(message).toContain(`but this is '${data.name}' (${data.sampleCount} samples`);
        await failureOf(resumed.fit(data).next(), ConfigurationError);
      }
      // The same bytes in another object, under another name.
      await resumed.prepare({ ...training, features: training.features.slice(), name: 'copy' });
      await fit(resumed, { steps: 1 });
      await resumed.dispose();

      const contradictions: readonly (readonly [ResumeOptions, string, string])[] = [
        [{ batchSize: 50 }, 'batchSize 100', '50'],
        [{ clipNorm: 1 }, 'clipNorm 0.5', '1'],
        [{ seed: 1 }, 'seed 7', '1'],
        [{ shuffle: false }, 'shuffle true', 'false'],
        [{ optimizer: sgd({ learningRate: 3 }) }, '"kind":"adam"', '"kind":"sgd"'],
      ];
      for (const [options, mine, theirs] of contradictions) {
        const failed = Trainer.resume(bytes, { ...machine(), ...options });
        const { message } = await failureOf(failed, ConfigurationError);
        expect(message).toContain(mine);
        expect(message.slice(message.indexOf('but the call'))).toContain(theirs);
      }
      const wrong = Trainer.resume(bytes, { ...machine(), batchSize: 0.5 });
      expect((await failureOf(wrong, ConfigurationError)).message).toContain('positive integer');
      const same = await Trainer.resume(bytes, { ...machine(), ...runs[2]! });
      expect(same.step).toBe(2);
      await same.dispose();
      await failureOf(Trainer.resume(saveParameters(network), machine()), FormatError);
      await failureOf(Trainer.resume(bytes.subarray(0, -1), machine()), FormatError);
    });
  });
}
