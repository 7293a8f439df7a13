/** Trains in Deno on the faster of the GPU and the CPU: deno run -A --unstable-webgpu examples/deno.ts */
import { Network, Trainer, adamW, cosineDecay, digits } from 'nudge';

const { training, test } = digits({ trainingCount: 5_000, testCount: 1_000 });
const network = new Network({
  layers: [784, 32, 10],
  activation: 'relu',
  output: 'softmax',
  cost: 'cross-entropy',
  initializer: 'he',
  seed: 1,
});
const trainer = await Trainer.create(network, {
  // 'auto' tries the GPU and the CPU for half a second. It never chooses a software adapter.
  backend: 'auto',
  batchSize: 50,
  optimizer: adamW({
    learningRate: cosineDecay({ learningRate: 0.002, steps: 300, warmUpSteps: 20 }),
  }),
  clipNorm: 1,
});
console.log(`chosen: ${trainer.choice}`);
for await (const { epoch, cost, endOfEpoch } of trainer.fit(training, { epochs: 3 })) {
  if (endOfEpoch) console.log(`epoch ${epoch}: cost ${cost.toFixed(2)}`);
}
const { accuracy } = await trainer.evaluate(test);
console.log(`${(100 * accuracy).toFixed(0)} % of the test digits are right`);
await trainer.dispose();
