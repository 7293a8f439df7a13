/** The same network trained on 100, 1,000, 10,000 and 60,000 digits: how well it reads digits it has never seen. */
import { sliceDataset, type Dataset } from '../../../data/dataset.ts';
import { sgd } from '../../../engine/optimizers.ts';
import { nextTurn } from '../../../engine/timeSlice.ts';
import { NonFiniteError } from '../../../errors.ts';
import { presets } from '../../../network/presets.ts';
import { Trainer } from '../../../training/trainer.ts';
import type { Task, TaskFunctions } from '../../worker/messages.ts';
import { finish } from './changes.ts';
import type { Course } from './course.ts';
import { dataCounts, dataSteps, type DataPoint, type DataRun } from './dataRuns.ts';

/** Accuracy on the training digits is measured on so many of them. */
const ownCount = 1000;
/** Steps between two looks: few at first, when most happens. */
const stepsUntilLook = (step: number): number =>
  step < 100 ? 20 : step < 300 ? 40 : step < 1000 ? 100 : 200;
/** Steps at once: about 6 ms. */
const stepsAtOnce = 10;

export interface DataTasks {
  /** Goes on with the four runs until all are complete or the page stops it. Emits them as they grow. */
  dataRuns: Task<null, readonly DataRun[], readonly DataRun[]>;
}

interface Runner {
  /** Trainers know a dataset by its identity. */
  readonly training: Dataset;
  /** Its first samples. */
  readonly own: Dataset;
  readonly trainer: Trainer;
  readonly points: DataPoint[];
  /** Whether all steps are made, or the parameters left the range of numbers. */
  isOver: boolean;
}

export const dataTasks = (course: () => Promise<Course>): TaskFunctions<DataTasks> => {
  // Kept, so that a stopped computation goes on where it was.
  let kept: { readonly key: string; readonly runners: readonly Runner[] } | undefined;
  let queue: Promise<unknown> = Promise.resolve();

  const runnersOf = async (opened: Course): Promise<readonly Runner[]> => {
    const { seed, activation, rate } = opened.script;
    const key = `${seed} ${activation} ${rate}`;
    if (kept?.key === key) return kept.runners;
    await Promise.all(kept?.runners.map(({ trainer }) => trainer.dispose()) ?? []);
    kept = undefined;
    // All digits are there before the runs begin, so that they go on side by side.
    const all = await opened.data.drawn(dataCounts.at(-1)!);
    const network = opened.firstNetwork();
    const runners: Runner[] = [];
    for (const count of dataCounts) {
      const trainer = await Trainer.create(network, {
        batchSize: presets.lecture.batchSize,
        optimizer: sgd({ learningRate: rate }),
        ...{ backend: 'cpu', threads: 0, seed },
      });
      const training = sliceDataset(all, 0, count);
      const own = sliceDataset(all, 0, Math.min(count, ownCount));
      runners.push({ training, own, trainer, points: [], isOver: false });
    }
    kept = { key, runners };
    return runners;
  };

  return {
    dataRuns: (_, { signal, emit }) => {
      const turn = queue.then(async () => {
        const opened = await course();
        const runners = await runnersOf(opened);
        const result = (): DataRun[] =>
          runners.map(({ training, points, isOver }) => ({
            count: training.sampleCount,
            points,
            isOver,
          }));
        emit(result());
        while (!signal.aborted && runners.some(({ isOver }) => !isOver)) {
          for (const runner of runners) if (!runner.isOver) await goOn(runner, opened.data.test);
          emit(result());
        }
        return result();
      });
      queue = turn.catch(() => undefined);
      return turn;
    },
  };
};

/** Trains to the next look, and looks. */
async function goOn(runner: Runner, test: Dataset): Promise<void> {
  const { training, own, trainer, points } = runner;
  const last = points.at(-1)?.step;
  const end = last === undefined ? 0 : Math.min(dataSteps, last + stepsUntilLook(last));
  try {
    while (trainer.step < end) {
      const steps = Math.min(stepsAtOnce, end - trainer.step);
      await finish(trainer.fit(training, { steps }));
      await nextTurn();
    }
    const { accuracy } = await trainer.evaluate(test);
    await nextTurn();
    points.push({ step: end, test: accuracy, own: (await trainer.evaluate(own)).accuracy });
    await nextTurn();
    runner.isOver = end >= dataSteps;
  } catch (error) {
    if (!(error instanceof NonFiniteError)) throw error;
    runner.isOver = true;
  }
  if (runner.isOver) await trainer.dispose();
}
