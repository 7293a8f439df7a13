/** Questions that take longer than a frame are asked less often while the run plays. */
import { frame } from '../session.ts';

/**
 * Lets a question pass at most once in a time while the run plays, and always when it is paused or the question is a
 * new one.
 * @param question for `liveAnswer`
 */
export function paced<Question>(
  everyMs: number,
  question: () => Question,
): () => Question | undefined {
  let askedAt = -Infinity;
  let asked = '';
  return () => {
    const wanted = question();
    const text = JSON.stringify(wanted);
    const now = performance.now();
    if (frame.value?.isPlaying === true && text === asked && now - askedAt < everyMs) {
      return undefined;
    }
    askedAt = now;
    asked = text;
    return wanted;
  };
}
