import { signal, type ReadonlySignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

import type { LessonTasks } from '../protocol.ts';
import { ask, problem } from '../session.ts';

/** Between two parts of a long task, so that other questions get their turn. */
const pauseMs = 15;

/**
 * The progress of a long task, which goes on only while the figure is in view: each question computes a part.
 * @param key names what is computed; another one begins again
 */
export function useProgress<Name extends keyof LessonTasks>(
  task: Name,
  args: LessonTasks[Name]['arguments'],
  {
    isShown,
    key,
    isDone,
  }: {
    readonly isShown: ReadonlySignal<boolean>;
    readonly key: string | undefined;
    readonly isDone: (value: LessonTasks[Name]['value']) => boolean;
  },
): ReadonlySignal<LessonTasks[Name]['value'] | undefined> {
  const progress = useRef(signal<LessonTasks[Name]['value'] | undefined>(undefined)).current;
  const isVisible = isShown.value;
  useEffect(() => {
    if (!isVisible || key === undefined) return;
    const stop = new AbortController();
    const goOn = async (): Promise<void> => {
      while (!stop.signal.aborted) {
        const value = await ask(task, args);
        progress.value = value;
        if (isDone(value)) return;
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    };
    goOn().catch((error: unknown) => {
      problem.value = (error as Error).message;
    });
    return () => stop.abort();
  }, [isVisible, key]);
  return progress;
}
