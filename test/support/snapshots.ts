/** What every backend has to keep when a trainer goes back to a snapshot; tests call it with each. */
import { describe, expect, it } from 'vitest';

import { sameBits } from '../../src/benchmark/verification/trajectories.ts';
import { adam, sgd } from '../../src/engine/optimizers.ts';
import { cosineDecay } from '../../src/engine/schedules.ts';
import { ConfigurationError, DisposedError, NonFiniteError } from '../../src/errors.ts';
import { Network } from '../../src/network/network.ts';
import type { TrainingSnapshot } from '../../src/training/snapshot.ts';
import { fit, parametersOf, training, type CreateTrainer } from './explaining.ts';
import { failureOf } from './failure.ts';

const network = new Network({ layers: [784, 13, 10], activation: 'relu', initializer: 'normal' });
/** 330 samples are 4 steps an epoch, the last of 30. */
const batchSize = 100;
const momentum = { batchSize, optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }) };
const adamOptions = {
  batchSize,
  optimizer: adam({ learningRate: cosineDecay({ learningRate: 0.01, steps: 10, warmUpSteps: 2 }) }),
  clipNorm: 0.5,
};

export function describeSnapshots(backend: string, create: CreateTrainer): void {
  describe(`snapshots on ${backend}`, () => {
    it.each([{ batchSize, optimizer: sgd({ learningRate: 0.1 }) }, momentum, adamOptions])(
      'continue with the same bits, in the same trainer and in another: %o',
      async (options) => {
        const trainer = await create(network, options);
        await fit(trainer, { steps: 6 });
        const snapshot = await trainer.snapshot();
        expect(snapshot).toMatchObject({ step: 6, epoch: 1, stepOfEpoch: 2 });
        await fit(trainer, { steps: 7 });
        const end = await trainer.snapshot();
        const again = await create(network, options);
        for (const one of [trainer, again]) {
          await one.restore(structuredClone(snapshot));
          expect(one.step).toBe(6);
          expect(await one.snapshot()).toEqual(snapshot);
          await fit(one, { steps: 7 });
          // Every array, bit by bit.
          expect(await one.snapshot()).toEqual(end);
          expect(sameBits(await parametersOf(one), Float32Array.from(end.parameters))).toBe(0);
        }
        await trainer.dispose();
        await again.dispose();
      },
    );

    it('are of one moment while steps are being made', async () => {
      const trainer = await create(network, momentum);
      const taken: Promise<TrainingSnapshot>[] = [];
      for await (const { step } of trainer.fit(training, { steps: 10, reportEvery: 1 })) {
        if (step <= 5) taken.push(trainer.snapshot());
      }
      const end = await trainer.snapshot();
      const snapshots = await Promise.all(taken);
      // Two runs ahead of the reports, but never into the next epoch.
      expect(snapshots.map(({ step }) => step)).toEqual([2, 3, 4, 4, 6]);
      expect(snapshots[3]).toMatchObject({ epoch: 1, stepOfEpoch: 0 });
      for (const snapshot of snapshots) {
        await trainer.restore(snapshot);
        await fit(trainer, { steps: 10 - snapshot.step });
        expect(await trainer.snapshot()).toEqual(end);
      }
      await trainer.dispose();
    });

    it('make a trainer that has diverged usable again', async () => {
      const trainer = await create(network, momentum);
      // Four steps are left in the epoch, so the run goes on after the first failure, and NaN spreads.
      await fit(trainer, { steps: 4 });
      const snapshot = await trainer.snapshot();
      await fit(trainer, { steps: 4 });
      const end = await trainer.snapshot();
      await trainer.restore({
        ...snapshot,
        // One more step goes beyond float32.
        parameters: snapshot.parameters.map(() => -3.4e38),
        moments: snapshot.moments.map((moment) => moment.map(() => 3.4e38)),
      });
      await failureOf(fit(trainer, { steps: 4 }), NonFiniteError);
      await failureOf(trainer.snapshot(), NonFiniteError);
      await trainer.restore(snapshot);
      await fit(trainer, { steps: 4 });
      expect(await trainer.snapshot()).toEqual(end);
      await trainer.dispose();
    });

    it('are refused where they do not fit', async () => {
      const trainer = await create(network, momentum);
      const snapshot = await trainer.snapshot();
      for await (const { step } of trainer.fit(training, { steps: 2 })) {
        expect(step).toBe(2);
        const { message } = await failureOf(trainer.restore(snapshot), ConfigurationError);
        expect(message).toContain('already running fit()');
      }
      const wrong: readonly (readonly [TrainingSnapshot, string])[] = [
        [{ ...snapshot, layers: [784, 12, 10] }, 'is of a network 784-12-10'],
        [{ ...snapshot, moments: [] }, 'has 0 moments'],
        [{ ...snapshot, parameters: new Float32Array(3) }, 'got one of 3'],
        [{ ...snapshot, parameters: snapshot.parameters.with(784, NaN) }, '[1, 0]'],
        [{ ...snapshot, stepOfEpoch: 1 }, 'at most snapshot.step (0)'],
        [{ ...snapshot, epoch: -1 }, 'snapshot.epoch must be'],
      ];
      for (const [one, why] of wrong) {
        expect((await failureOf(trainer.restore(one), ConfigurationError)).message).toContain(why);
      }
      expect(trainer.step).toBe(2);
      await trainer.restore({ ...snapshot, step: 9, stepOfEpoch: 9 });
      const { message } = await failureOf(fit(trainer, { steps: 1 }), ConfigurationError);
      expect(message).toContain('9 steps into an epoch, but an epoch of this dataset has 4');
      await trainer.dispose();
      await failureOf(trainer.snapshot(), DisposedError);
      await failureOf(trainer.restore(snapshot), DisposedError);
    });
  });
}
