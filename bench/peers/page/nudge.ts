/** nudge as a user would drive it: a Trainer, and nothing beside the public API. */
import { Device, sgd, Trainer } from '../../../src/index.ts';
import type { Contender, Form } from '../../../src/benchmark/peers/contender.ts';
import { createNudgeMultiplier } from './nudgeMatmul.ts';

export function nudge(backend: 'webgpu' | 'cpu'): Contender {
  return {
    async learn({ network, training, test, batchSize, learningRate }) {
      const trainer = await Trainer.create(network, {
        backend,
        batchSize,
        optimizer: sgd({ learningRate }),
        shuffle: false,
      });
      return {
        settle: () => trainer.prepare(training),
        async train(steps) {
          let last = NaN;
          for await (const { cost } of trainer.fit(training, { steps, reportEvery: steps })) {
            last = cost;
          }
          return last;
        },
        ...(test && { accuracy: async () => (await trainer.evaluate(test)).accuracy }),
        // A GPU's plan is long, and follows from network and adapter.
        ...(backend === 'cpu' && { form: () => cpuForm(trainer.plan ?? '') }),
        dispose: () => trainer.dispose(),
      };
    },
    // The CPU engine's products are its own business.
    ...(backend === 'webgpu' && {
      multiplier: async (task) => createNudgeMultiplier(await Device.request(), task),
    }),
  };
}

function cpuForm(description: string): Form {
  if (description.includes('simd')) return { description };
  const shortfall = 'nudge on the CPU computes without SIMD here. Measure in a newer browser.';
  return { description, shortfall };
}
