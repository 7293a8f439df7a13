/** The width of an element, for pictures whose parts have a size in pixels. */
import { useSignal, type ReadonlySignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useLayoutEffect } from 'preact/hooks';

/** In CSS pixels; `first` until it is measured. */
export function useWidth(
  element: RefObject<Element | null>,
  first: number,
): ReadonlySignal<number> {
  const width = useSignal(first);
  useLayoutEffect(() => watchWidth(element.current!, (now) => (width.value = now)), []);
  return width;
}

/**
 * Calls `take` with the element's inner width in CSS pixels once it is laid out, before it is painted, and after each
 * change. To read the width at once would make the browser lay out the page once more for each figure.
 * @returns ends it
 */
export function watchWidth(element: Element, take: (width: number) => void): () => void {
  const observer = new ResizeObserver(() => {
    const { clientWidth } = element;
    // Elements that are not shown have none.
    if (clientWidth > 0) take(clientWidth);
  });
  observer.observe(element);
  return () => observer.disconnect();
}
