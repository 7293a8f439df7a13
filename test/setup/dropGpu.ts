/** Uses a device after the last reference to its GPU object is gone, while garbage is collected. Run with `--expose-gc`. */
import { createGpu } from '../../src/node/dawn.ts';

const adapter = await (await createGpu()).requestAdapter();
const device = await adapter!.requestDevice();
for (let turn = 0; turn < 20; turn++) {
  (globalThis as unknown as { gc: () => void }).gc();
  await new Promise((resolve) => setTimeout(resolve, 5));
  await device.queue.onSubmittedWorkDone();
}
process.stdout.write('still works\n');
process.exit(0);
