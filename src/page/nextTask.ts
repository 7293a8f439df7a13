/** Resolves in a new task, so that the browser can draw and take input in between. Works on hidden pages too. */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
