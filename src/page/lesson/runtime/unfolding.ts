/** Figures that show their point by themselves, in steps, once they come into view. */
import { signal, useSignal, type Signal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect, useMemo } from 'preact/hooks';

const query = matchMedia('(prefers-reduced-motion: reduce)');
/** Whether the reader wants no animations. */
export const wantsStillness = signal(query.matches);
query.addEventListener('change', () => (wantsStillness.value = query.matches));

export interface Unfolding {
  /** From 0 to `last`. */
  readonly stage: Signal<number>;
  /** Goes to a stage and stays there: the reader has taken over. */
  readonly take: (stage: number) => void;
  /** Unfolds again from the start. */
  readonly replay: () => void;
}

/**
 * Goes from stage 0 to `last` while the element is in the middle of the window, one stage every `ms`.
 * @param taken the stage that the reader has gone to; undefined while it unfolds by itself
 * @param isMotion whether the stages are an animation, which readers who want none do not see: they see the last stage
 */
export function useUnfolding(
  element: RefObject<Element | null>,
  options: { last: number; ms: number; isMotion?: boolean; taken?: Signal<number | undefined> },
): Unfolding {
  const { last, ms, isMotion = true } = options;
  const own = useSignal<number>();
  const taken = options.taken ?? own;
  const stage = useSignal(taken.peek() ?? 0);
  const clock = useMemo(() => {
    let timer: ReturnType<typeof setInterval> | undefined;
    const stop = () => clearInterval(timer);
    const start = () => {
      stop();
      if (isMotion && wantsStillness.peek()) {
        stage.value = last;
        return;
      }
      timer = setInterval(() => {
        if (stage.peek() < last) stage.value++;
        else stop();
      }, ms);
    };
    return { start, stop };
  }, []);
  useEffect(() => {
    const observer = new IntersectionObserver(
      ([entry]) => {
        if (!entry!.isIntersecting) return;
        observer.disconnect();
        if (taken.peek() === undefined) clock.start();
      },
      { rootMargin: '-30% 0px -30% 0px' },
    );
    observer.observe(element.current!);
    return () => {
      observer.disconnect();
      clock.stop();
    };
  }, []);
  return {
    stage,
    take: (next) => {
      taken.value = next;
      clock.stop();
      stage.value = next;
    },
    replay: () => {
      taken.value = undefined;
      stage.value = 0;
      clock.start();
    },
  };
}
