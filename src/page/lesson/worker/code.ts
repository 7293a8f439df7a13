/** The shader code of a training step. */
import type { Task, TaskFunctions } from '../../worker/messages.ts';
import type { Script } from '../moment.ts';
import type { StepShader } from './stepParts.ts';

export interface CodeTasks {
  stepShader: Task<
    { readonly activation: Script['activation']; readonly layer: number },
    never,
    StepShader
  >;
}

export const codeTasks = (): TaskFunctions<CodeTasks> => ({
  stepShader: async ({ activation, layer }) => {
    const module = await import('./stepShader.ts');
    return module.stepShader(activation, layer);
  },
});
