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
  useLayoutEffect(() => {
    const measure = () => {
      const { clientWidth } = element.current!;
      if (clientWidth > 0) width.value = clientWidth;
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element.current!);
    return () => observer.disconnect();
  }, []);
  return width;
}
