import type { TaskFunctions } from '../../worker/messages.ts';
import type { Course } from './course.ts';

// eslint-disable-next-line @typescript-eslint/no-empty-object-type
export interface CostTasks {}

export const costTasks = (_course: () => Promise<Course>): TaskFunctions<CostTasks> => ({});
