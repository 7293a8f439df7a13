import type { Kernel } from '../../shaders/kernel.ts';
import type { Device } from '../../src/gpu/device.ts';
import { Program } from '../../src/gpu/program.ts';

export interface TimerOptions {
  /** Of the shorter of the two runs that a slope is made of. */
  readonly targetMs: number;
  readonly rounds: number;
}

/**
 * Seconds a dispatch: a slope, (T(3R) − T(R)) / 2R over R dispatches in one pass, so that what a submit and a wait
 * cost cancels out; the least of several rounds, since noise only ever adds. Infinity where all was noise.
 */
export async function timeKernel(
  device: Device,
  kernel: Kernel,
  buffers: ReadonlyMap<string, GPUBuffer>,
  { targetMs, rounds }: TimerOptions,
): Promise<number> {
  const program = await Program.create(device, [kernel], buffers);
  const run = async (times: number): Promise<number> => {
    const encoder = device.gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    program.encode(pass, times);
    pass.end();
    const commands = encoder.finish();
    const start = performance.now();
    device.gpu.queue.submit([commands]);
    await device.guard(`timing '${kernel.label}'`, device.gpu.queue.onSubmittedWorkDone());
    return performance.now() - start;
  };
  // The first run compiles, and clocks rise while the right number is looked for.
  let repeats = 1;
  await run(repeats);
  while ((await run(repeats)) < targetMs) repeats *= 2;
  let best = Infinity;
  for (let round = 0; round < rounds; round++) {
    const short = await run(repeats);
    const slope = ((await run(3 * repeats)) - short) / (2 * repeats);
    // Where noise is all there is to see, longer.
    if (slope <= 0) repeats *= 2;
    else best = Math.min(best, slope);
  }
  return best / 1000;
}
