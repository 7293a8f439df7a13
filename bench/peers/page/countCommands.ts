/** Counts what is asked of the GPU's queue, by whichever library: how many dispatches and submits a step takes. */

export interface CommandCounts {
  readonly dispatches: number;
  readonly submits: number;
}

/** Counts while `work` runs. */
export async function countCommands(work: () => Promise<unknown>): Promise<CommandCounts> {
  const counts = { dispatches: 0, submits: 0 };
  if (!('GPUQueue' in globalThis)) {
    await work();
    return counts;
  }
  const pass = GPUComputePassEncoder.prototype;
  const restore = [
    wrap(pass, 'dispatchWorkgroups', () => counts.dispatches++),
    wrap(pass, 'dispatchWorkgroupsIndirect', () => counts.dispatches++),
    wrap(GPUQueue.prototype, 'submit', () => counts.submits++),
  ];
  try {
    await work();
  } finally {
    for (const undo of restore) undo();
  }
  return counts;
}

/** Has `called` told of every call of a method; the function returned takes that back. */
function wrap<T extends object>(prototype: T, name: keyof T & string, called: () => void) {
  const original = prototype[name] as (...args: unknown[]) => unknown;
  const counting = function (this: unknown, ...args: unknown[]): unknown {
    called();
    return original.apply(this, args);
  };
  Object.assign(prototype, { [name]: counting });
  return () => void Object.assign(prototype, { [name]: original });
}
