/** Resolves in a task of its own, so that the browser can draw and take input before; also on a page that is hidden. */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
