/** Arrow keys within a group of controls that has one tab stop. */

const steps: Readonly<Record<string, number>> = {
  ArrowLeft: -1,
  ArrowUp: -1,
  ArrowRight: 1,
  ArrowDown: 1,
  Home: -Infinity,
  End: Infinity,
};

/**
 * For `onKeyDown` of a group of radio buttons: arrow keys, Home and End focus and choose another one.
 * @returns the index to choose, or undefined for other keys
 */
export function arrowChoice(
  event: KeyboardEvent,
  index: number,
  count: number,
): number | undefined {
  const step = steps[event.key];
  if (step === undefined) return undefined;
  event.preventDefault();
  const next = Math.min(count - 1, Math.max(0, index + step));
  const group = event.currentTarget as Element;
  group.querySelectorAll<HTMLElement>('[role="radio"]')[next]?.focus();
  return next;
}
