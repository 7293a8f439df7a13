/** The shader code of a training step. */
import type { Task, TaskFunctions } from '../../worker/messages.ts';
import type { Script } from '../moment.ts';

export const stepParts = [
  'forward',
  'outputDelta',
  'hiddenDelta',
  'weightGradient',
  'update',
] as const;
export type StepPart = (typeof stepParts)[number];

export interface StepShader {
  readonly kernels: readonly { readonly label: string; readonly workgroups: number }[];
  /** Of all kernels. */
  readonly lineCount: number;
  /** The functions that compute each part. */
  readonly parts: Readonly<Record<StepPart, string>>;
}

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
