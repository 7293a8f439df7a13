import type { TaskFunctions } from '../../worker/messages.ts';
import type { Course } from './course.ts';

// eslint-disable-next-line @typescript-eslint/no-empty-object-type
export interface MiniBatchesTasks {}

export const miniBatchesTasks = (
  _course: () => Promise<Course>,
): TaskFunctions<MiniBatchesTasks> => ({});
