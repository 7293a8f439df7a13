import { expect, it } from 'vitest';

import { LocalLab } from '../../src/benchmark/lab.ts';
import { randomDataset, testRandom } from '../support/networks.ts';

it('a GPU that does not answer is given up after 5 s', async () => {
  const dataset = randomDataset(testRandom(1), 4, 4, 3);
  const gpu = { requestAdapter: () => new Promise<never>(() => undefined) } as unknown as GPU;
  const lab = new LocalLab({ training: dataset, test: dataset, gpu });
  const { noAdapter } = await lab.open({ wantsGpu: true, wantsHash: false });
  expect(noAdapter).toContain('finished nothing for 5000 ms');
  lab.close();
});
