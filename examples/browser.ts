/** Trains in a page: npx vite examples --config vite.config.ts --open browser.html */
import { Network, NudgeError, Trainer, digits, sgd } from 'nudge';

const log = document.querySelector('#log')!;
const print = (line: string) => log.append(`${line}\n`);

try {
  const { training, test } = digits({ trainingCount: 5_000, testCount: 1_000 });
  const network = new Network({ layers: [784, 16, 16, 10], initializer: 'normal', seed: 1 });
  const trainer = await Trainer.create(network, {
    // The GPU or the CPU, whichever is faster here.
    backend: 'auto',
    batchSize: 100,
    optimizer: sgd({ learningRate: 6 }),
  });
  print(`trains on ${trainer.backend}`);
  for await (const { epoch, cost, endOfEpoch } of trainer.fit(training, { epochs: 5 })) {
    if (endOfEpoch) print(`epoch ${epoch}: cost ${cost.toFixed(2)}`);
  }
  const { accuracy } = await trainer.evaluate(test);
  print(`${(100 * accuracy).toFixed(0)} % of the test digits are right`);
  await trainer.dispose();
} catch (error) {
  // A NudgeError says what happened and what to do next. Other errors are bugs.
  if (!(error instanceof NudgeError)) throw error;
  print(error.message);
}
