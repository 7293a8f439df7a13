/** What every backend has to keep when it explains samples; tests call it with each. */
import { describe, expect, it } from 'vitest';

import { checkExplanation } from '../../src/benchmark/verification/explanation.ts';
import { sameBits } from '../../src/benchmark/verification/trajectories.ts';
import { digits } from '../../src/data/digits/digits.ts';
import { adam, sgd } from '../../src/engine/optimizers.ts';
import { Network, type NetworkOptions } from '../../src/network/network.ts';
import type { FitOptions } from '../../src/training/loop.ts';
import type { Explanation, Trainer } from '../../src/training/trainer.ts';
import type { TrainerOptions } from '../../src/training/trainerOptions.ts';

export type CreateTrainer = (
  network: Network,
  options: Pick<TrainerOptions, 'batchSize' | 'optimizer' | 'clipNorm' | 'seed'>,
) => Promise<Trainer>;

const { training, test } = digits({ trainingCount: 330, testCount: 40 });

/** Layer sizes beside multiples of 4, and every kind of output. */
const shapes: readonly NetworkOptions[] = [
  { layers: [784, 16, 16, 10], initializer: 'normal' },
  { layers: [784, 13, 10], activation: 'relu', output: 'softmax', cost: 'cross-entropy' },
  { layers: [784, 18, 7, 10], activation: ['gelu', 'tanh'], output: 'softmax' },
  { layers: [784, 10], output: 'sigmoid', cost: 'cross-entropy' },
];

const sgdOptions = { batchSize: 32, optimizer: sgd({ learningRate: 0.5, momentum: 0.5 }) };
const adamOptions = { batchSize: 32, optimizer: adam({ learningRate: 0.01 }) };

async function fit(trainer: Trainer, options: FitOptions): Promise<void> {
  for await (const { step } of trainer.fit(training, options)) expect(step).toBeGreaterThan(0);
}

/** The reference's parameters are float64. */
const rounded = ({ usedParameters }: Explanation) => Float32Array.from(usedParameters);
const parametersOf = async (trainer: Trainer) => (await trainer.network()).parameters;

export function describeExplaining(backend: string, create: CreateTrainer): void {
  describe(`explain on ${backend}`, () => {
    it.each(shapes)('agrees with float64 at the start and after training: %o', async (shape) => {
      const network = new Network(shape);
      const trainer = await create(network, sgdOptions);
      for (const step of [0, 15]) {
        if (step > 0) await fit(trainer, { steps: step });
        for (const [dataset, sample] of [
          [training, 329],
          [test, 0],
          [test, 39],
        ] as const) {
          const explanation = await trainer.explain(dataset, sample);
          expect(explanation).toMatchObject({ step, label: dataset.labels[sample] });
          expect(checkExplanation(network, explanation)).toBeLessThanOrEqual(1);
          expect(sameBits(rounded(explanation), await parametersOf(trainer))).toBe(0);
        }
      }
      await trainer.dispose();
    });

    it.each([sgdOptions, { ...adamOptions, clipNorm: 0.5 }])(
      'leaves training with the same bits, before, between and during runs: %o',
      async (options) => {
        const network = new Network(shapes[0]!);
        const plain = await create(network, options);
        await fit(plain, { steps: 25 });
        const asked = await create(network, options);
        await asked.explain(training, 0);
        await fit(asked, { steps: 4 });
        await asked.explain(training, 17);
        await asked.explain(test, 5);
        const answers: Promise<Explanation>[] = [];
        for await (const { step } of asked.fit(training, { steps: 21, reportEvery: 2 })) {
          answers.push(asked.explain(step % 4 === 0 ? training : test, step));
        }
        expect(sameBits(await parametersOf(asked), await parametersOf(plain))).toBe(0);
        for (const answer of answers) {
          expect(checkExplanation(network, await answer)).toBeLessThanOrEqual(1);
        }
        await plain.dispose();
        await asked.dispose();
      },
    );

    it('says the step that its parameters are of, while steps are being made', async () => {
      const network = new Network(shapes[1]!);
      const trainer = await create(network, sgdOptions);
      const answers: Promise<Explanation>[] = [];
      // 11 steps an epoch, so the last run of each is shorter.
      for await (const { step } of trainer.fit(training, { steps: 15, reportEvery: 3 })) {
        answers.push(trainer.explain(test, step));
      }
      const explanations = await Promise.all(answers);
      await trainer.dispose();
      expect(explanations.map(({ step }) => step)).toEqual([6, 9, 11, 11, 15, 15]);
      for (const explanation of explanations) {
        const again = await create(network, sgdOptions);
        await fit(again, { steps: explanation.step });
        expect(sameBits(rounded(explanation), await parametersOf(again))).toBe(0);
        await again.dispose();
      }
    });
  });
}
