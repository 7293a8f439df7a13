/** Trains in Node on the GPU and saves the network: node --import tsx examples/node.ts network.safetensors */
import { writeFile } from 'node:fs/promises';

import { Network, Trainer, digits, presets, saveParameters, sgd } from 'nudge';
import { createGpu } from 'nudge/node';

const [file = 'network.safetensors'] = process.argv.slice(2);
const { network, batchSize, learningRate, momentum } = presets.modern;
const { training, test } = digits({ trainingCount: 5_000, testCount: 500 });
const trainer = await Trainer.create(new Network({ ...network, seed: 1 }), {
  backend: 'webgpu',
  // Node has no navigator.gpu, so the package 'webgpu' provides one.
  gpu: await createGpu(),
  batchSize,
  optimizer: sgd({ learningRate, momentum }),
});
for await (const { step, cost } of trainer.fit(training, { steps: 100, reportEvery: 50 })) {
  console.log(`step ${step}: cost ${cost.toFixed(1)}`);
}
const { accuracy } = await trainer.evaluate(test);
console.log(`${(100 * accuracy).toFixed(0)} % of the test digits are right`);
// The format is safetensors, with the names and the layout of PyTorch's nn.Linear.
await writeFile(file, saveParameters(await trainer.network()));
console.log(`saved ${file}`);
await trainer.dispose();
