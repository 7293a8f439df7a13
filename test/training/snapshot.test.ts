import { Trainer } from '../../src/training/trainer.ts';
import { describeSnapshots } from '../support/snapshots.ts';

// Without a number, trials choose it when a training set is loaded. They must not undo a restored state.
for (const threads of [0, 2, undefined] as const) {
  describeSnapshots(`cpu, threads ${threads ?? 'by trials'}`, (network, options) =>
    Trainer.create(network, { ...options, backend: 'cpu', threads }),
  );
}
describeSnapshots('reference', (network, options) =>
  Trainer.create(network, { ...options, backend: 'reference' }),
);
