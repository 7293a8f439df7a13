/** What the lesson's worker does for its page. */
import type { TaskFunctions } from '../../worker/messages.ts';
import type { LessonTasks } from '../protocol.ts';
import { findWebGpu } from '../../webgpu.ts';
import { Course } from './course.ts';
import { costTasks } from './cost.ts';
import { sensitivityTasks } from './sensitivity.ts';
import { wiggleTasks } from './wiggle.ts';
import { averageTasks } from './average.ts';
import { onlyOneTasks } from './onlyOne.ts';
import { miniBatchesTasks } from './miniBatches.ts';
import { descentTasks } from './descent.ts';
import { dataTasks } from './data.ts';
import { codeTasks } from './code.ts';
import { mendTasks } from './mend.ts';

const featureCount = 784;
/** Time for the page to show its first figures, before other work takes the processor. */
const calmMs = 1000;

let opened: Promise<Course> | undefined;

/** The page opens the course before it asks for anything else. */
const course = (): Promise<Course> => opened!;

export const tasks: TaskFunctions<LessonTasks> = {
  ...costTasks(course),
  ...sensitivityTasks(course),
  ...wiggleTasks(course),
  ...averageTasks(course),
  ...onlyOneTasks(course),
  ...miniBatchesTasks(course),
  ...descentTasks(course),
  ...dataTasks(course),
  ...codeTasks(),
  ...mendTasks(course),
  open: async (moment, { emit }) => {
    opened = Course.open(
      moment,
      (frame) => emit({ type: 'frame', frame }),
      (history) => emit({ type: 'history', history }),
    );
    const course = await opened;
    // Comparing the engines is work, too.
    if (moment.pace !== 'sparing') {
      await new Promise((resolve) => setTimeout(resolve, calmMs));
      const { adapter } = await findWebGpu((navigator as Partial<Navigator>).gpu, undefined);
      if (adapter?.isSoftware === false) await course.moveToFasterEngine();
    }
    // The page listens until it ends.
    await course.failed;
  },
  command: async (command) => await (await course()).command(command),
  testSamples: async ({ indices }) => {
    const { features, labels } = (await course()).data.test;
    return {
      pixels: indices.map((n) => features.slice(n * featureCount, (n + 1) * featureCount)),
      labels: indices.map((n) => labels[n]!),
    };
  },
};
