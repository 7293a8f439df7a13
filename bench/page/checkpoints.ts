/** A training that keeps a checkpoint of every step in the files of the page's origin, for crashes.ts to interrupt. */
import { digits } from '../../src/data/digits/digits.ts';
import { adam } from '../../src/engine/optimizers.ts';
import { originCheckpoints } from '../../src/formats/originCheckpoints.ts';
import { Network } from '../../src/network/network.ts';
import { Trainer } from '../../src/training/trainer.ts';

export type CheckpointEvent =
  /** The step that the page goes on from, and what is wrong with the files. */
  | { readonly type: 'found'; readonly step: number; readonly problem?: string | undefined }
  /** The checkpoint of this step is written. */
  | { readonly type: 'written'; readonly step: number };

const { training } = digits({ trainingCount: 1000, testCount: 1 });
export interface CheckpointEnd {
  readonly step: number;
  readonly isSame: boolean;
}

const machine = { backend: 'cpu', threads: 0 } as const;

async function createTrainer(): Promise<Trainer> {
  const network = new Network({ layers: [784, 16, 16, 10] });
  return await Trainer.create(network, {
    ...{ ...machine, batchSize: 10 },
    optimizer: adam({ learningRate: 0.001 }),
  });
}

async function train(trainer: Trainer, steps: number): Promise<void> {
  const reports = trainer.fit(training, { steps, reportEvery: steps });
  while ((await reports.next()).done !== true);
}

/**
 * Goes on from the newest checkpoint, and writes one after each step until the page is closed.
 * @param name of the checkpoints
 * @param emit gets each {@link CheckpointEvent}
 * @throws when there are files that cannot be read
 */
export async function writeCheckpoints(
  name: string,
  emit: (event: unknown) => Promise<unknown>,
): Promise<never> {
  const tell = (event: CheckpointEvent) => {
    emit(event).catch(() => undefined);
  };
  const checkpoints = originCheckpoints(name);
  const newest = await checkpoints.readNewest();
  const trainer = newest ? await Trainer.resume(newest.bytes, machine) : await createTrainer();
  tell({ type: 'found', step: trainer.step, problem: newest?.problem });
  for (;;) {
    await train(trainer, 1);
    await checkpoints.write(await trainer.checkpoint());
    tell({ type: 'written', step: trainer.step });
  }
}

/** @returns the step of the newest checkpoint, and whether its parameters are those of a training that nothing interrupted */
export async function compareCheckpoint(name: string): Promise<CheckpointEnd> {
  const newest = await originCheckpoints(name).readNewest();
  if (!newest) return { step: 0, isSame: true };
  const [resumed, whole] = [await Trainer.resume(newest.bytes, machine), await createTrainer()];
  await train(whole, resumed.step);
  const [found, expected] = [await resumed.snapshot(), await whole.snapshot()];
  const isSame = JSON.stringify(found) === JSON.stringify(expected);
  return { step: resumed.step, isSame };
}
