/** A whole program for test/gpu/dawn.test.ts: get a device, say so, and end without being told to. */
import { createGpu } from '../../src/node/dawn.ts';

const gpu = await createGpu();
const adapter = await gpu.requestAdapter();
const device = await adapter?.requestDevice();
process.stdout.write(device === undefined ? 'has no device\n' : 'has a device\n');
device?.destroy();
