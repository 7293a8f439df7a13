/** What every backend has to keep when it explains samples; tests call it with each. */
import { describe, expect, it } from 'vitest';

import { checkExplanation } from '../../src/benchmark/verification/explanation.ts';
import { sumBound } from '../../src/benchmark/verification/bounds.ts';
import { sameBits } from '../../src/benchmark/verification/trajectories.ts';
import { digits } from '../../src/data/digits/digits.ts';
import { adam, sgd } from '../../src/engine/optimizers.ts';
import { Network, type NetworkOptions } from '../../src/network/network.ts';
import { parameterLayout } from '../../src/network/parameters.ts';
import { exampleNudge } from '../../src/reference/batchExplanation.ts';
import type { FitOptions } from '../../src/training/loop.ts';
import type { Explanation, Trainer } from '../../src/training/trainer.ts';
import type { TrainerOptions } from '../../src/training/trainerOptions.ts';

export type CreateTrainer = (
  network: Network,
  options: Pick<TrainerOptions, 'batchSize' | 'optimizer' | 'clipNorm' | 'seed'>,
) => Promise<Trainer>;

export const { training, test } = digits({ trainingCount: 330, testCount: 40 });
const { training: many } = digits({ trainingCount: 600, testCount: 1, seed: 2 });

/** Layer sizes beside multiples of 4, and every kind of output. */
const shapes: readonly NetworkOptions[] = [
  { layers: [784, 16, 16, 10], initializer: 'normal' },
  { layers: [784, 13, 10], activation: 'relu', output: 'softmax', cost: 'cross-entropy' },
  { layers: [784, 18, 7, 10], activation: ['gelu', 'tanh'], output: 'softmax' },
  { layers: [784, 10], output: 'sigmoid', cost: 'cross-entropy' },
];

const sgdOptions = { batchSize: 32, optimizer: sgd({ learningRate: 0.5, momentum: 0.5 }) };
const adamOptions = { batchSize: 32, optimizer: adam({ learningRate: 0.01 }) };

export async function fit(trainer: Trainer, options: FitOptions): Promise<void> {
  for await (const { step } of trainer.fit(training, options)) expect(step).toBeGreaterThan(0);
}

/** The reference's parameters are float64. */
const rounded = ({ usedParameters }: Explanation) => Float32Array.from(usedParameters);
export const parametersOf = async (trainer: Trainer) => (await trainer.network()).parameters;

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
        await asked.explainBatch(test);
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

    it.each(shapes)('explains one, some and all samples as float64 does: %o', async (shape) => {
      const network = new Network(shape);
      const trainer = await create(network, sgdOptions);
      await fit(trainer, { steps: 5 });
      // More than a mini-batch, twice the same sample, and an order of its own.
      const some = Uint32Array.from({ length: 75 }, (_, n) => (n * 37) % 70);
      for (const samples of [[329], some, undefined]) {
        const batch = await trainer.explainBatch(training, samples);
        expect([...batch.samples]).toEqual([...(samples ?? training.labels.keys())]);
        expect([...batch.labels]).toEqual([...batch.samples].map((n) => training.labels[n]));
        expect(checkExplanation(network, batch)).toBeLessThanOrEqual(1);
      }
      const one = await trainer.explain(training, 7);
      const { gradient } = await trainer.explainBatch(training, [7]);
      expect(one.parameters).toEqual(gradient.map((slope) => 0 - slope));
      await trainer.dispose();
    });

    it('averages the nudges of the samples to the negative gradient', async () => {
      const network = new Network(shapes[0]!);
      const trainer = await create(network, sgdOptions);
      // More than any engine takes at once.
      const batch = await trainer.explainBatch(many);
      expect(checkExplanation(network, batch)).toBeLessThanOrEqual(1);
      const count = many.sampleCount;
      parameterLayout(network.layers).forEach((place, layer) => {
        const { inputs, outputs, weightOffset, biasOffset } = place;
        for (let k = 0; k < inputs * outputs; k += 11) {
          const [output, input] = [Math.floor(k / inputs), k % inputs];
          for (const address of [
            { layer, output, input },
            { layer, output },
          ]) {
            let sum = 0;
            let magnitude = 0;
            for (let n = 0; n < count; n++) {
              const nudge = exampleNudge(batch, n, address);
              sum += nudge;
              magnitude += Math.abs(nudge);
            }
            const at = 'input' in address ? weightOffset + k : biasOffset + output;
            const error = Math.abs(sum / count + batch.gradient[at]!);
            expect(error).toBeLessThanOrEqual(sumBound(count, magnitude) / count);
          }
        }
      });
      await trainer.dispose();
    });

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
