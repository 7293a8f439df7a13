/**
 * Prints what Dawn makes of shaders, for `test/gpu/tint.test.ts`: a program of its own, since Dawn writes its dumps
 * where no caller can catch them.
 */
import { writeSync } from 'node:fs';

import { createGpu } from '../../src/node/dawn.ts';
import { sharedVariants } from '../shaders/variants.ts';

/** Has what browsers guard: a loop to who knows where, and an index of who knows what. */
const guarded = `
@group(0) @binding(0) var<storage, read_write> data: array<u32>;
var<workgroup> shared4: array<u32, 64>;
@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32) {
  for (var i = 0u; i < data[0]; i++) { shared4[data[i]] = i; }
  data[lane] = shared4[lane];
}`;

const gpu = await createGpu({
  dawnOptions: ['enable-dawn-features=dump_shaders,disable_symbol_renaming'],
});
const adapter = await gpu.requestAdapter();
const device = await adapter!.requestDevice();
const kernels = [{ label: 'guarded', code: guarded }, ...sharedVariants()];
for (const [index, { label, code }] of kernels.entries()) {
  writeSync(1, `\n=== ${index} ${label}\n`);
  const module = device.createShaderModule({ label, code });
  // The text is written before the driver compiles it, so this does not wait for the compiler.
  device.createComputePipeline({ layout: 'auto', compute: { module, entryPoint: 'main' } });
}
device.destroy();
