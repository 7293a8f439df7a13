import { Trainer } from '../../src/training/trainer.ts';
import { describeExplaining } from '../support/explaining.ts';

for (const threads of [0, 1, 2] as const) {
  describeExplaining(`cpu, threads ${threads}`, (network, options) =>
    Trainer.create(network, { ...options, backend: 'cpu', threads }),
  );
}
describeExplaining('reference', (network, options) =>
  Trainer.create(network, { ...options, backend: 'reference' }),
);
