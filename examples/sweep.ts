/** Trains one network per learning rate and seed, all at once, and keeps the best: node --import tsx examples/sweep.ts */
import { Sweep, digits, presets, saveParameters, sgd } from 'nudge';
import { createGpu } from 'nudge/node';

const { training, test } = digits({ trainingCount: 3_000, testCount: 500 });
const choices = [1, 3, 6].flatMap((learningRate) => [1, 2].map((seed) => ({ seed, learningRate })));
const sweep = await Sweep.create({
  network: presets.lecture.network,
  members: choices.map(({ seed, learningRate }) => ({ seed, optimizer: sgd({ learningRate }) })),
  batchSize: 100,
  gpu: await createGpu(),
});
for await (const { step, samplesPerSecond } of sweep.fit(training, { epochs: 2 })) {
  console.log(`step ${step}: ${Math.round(samplesPerSecond)} samples/s`);
}
const results = await sweep.evaluate(test);
const ranked = choices
  .map((choice, index) => ({ ...choice, index, ...results[index]! }))
  // The accuracy of a member that diverged is NaN.
  .filter(({ isDiverged }) => !isDiverged)
  .sort((one, other) => other.accuracy - one.accuracy);
for (const { seed, learningRate, accuracy } of ranked) {
  console.log(`rate ${learningRate}, seed ${seed}: ${(100 * accuracy).toFixed(1)} %`);
}
const best = ranked[0]!;
const { length } = saveParameters(await sweep.network(best.index));
console.log(`the best network is number ${best.index}, ${length} bytes when saved`);
await sweep.dispose();
