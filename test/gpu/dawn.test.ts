import { execFile } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { expect, it } from 'vitest';

import { createGpu } from '../../src/node/dawn.ts';
import { testGpu } from '../setup/adapter.ts';

it('a compute shader on the adapter that was found gives exact integers', async () => {
  const gpu = await testGpu();
  const adapter = await gpu.requestAdapter();
  expect(adapter).not.toBeNull();
  const device = await adapter!.requestDevice();

  const count = 1000;
  const input = device.createBuffer({
    size: count * 4,
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST,
  });
  const output = device.createBuffer({
    size: count * 4,
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC,
  });
  const readback = device.createBuffer({
    size: count * 4,
    usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  });
  device.queue.writeBuffer(
    input,
    0,
    Uint32Array.from({ length: count }, (_, i) => i),
  );

  const module = device.createShaderModule({
    code: /* wgsl */ `
      @group(0) @binding(0) var<storage, read> input: array<u32>;
      @group(0) @binding(1) var<storage, read_write> output: array<u32>;
      @compute @workgroup_size(64)
      fn main(@builtin(global_invocation_id) id: vec3u) {
        if (id.x < arrayLength(&output)) { output[id.x] = 3u * input[id.x] + 1u; }
      }`,
  });
  const pipeline = await device.createComputePipelineAsync({ layout: 'auto', compute: { module } });
  const bindGroup = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [
      { binding: 0, resource: { buffer: input } },
      { binding: 1, resource: { buffer: output } },
    ],
  });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindGroup);
  pass.dispatchWorkgroups(Math.ceil(count / 64));
  pass.end();
  encoder.copyBufferToBuffer(output, 0, readback, 0, count * 4);
  device.queue.submit([encoder.finish()]);

  await readback.mapAsync(GPUMapMode.READ);
  const result = Array.from(new Uint32Array(readback.getMappedRange()));
  expect(result).toEqual(Array.from({ length: count }, (_, i) => 3 * i + 1));
  device.destroy();
});

it('an adapter says what it is, and whether it is software', async () => {
  const adapter = await (await testGpu()).requestAdapter();
  const { vendor, isFallbackAdapter } = adapter!.info;
  expect(vendor).not.toBe('');
  expect(isFallbackAdapter).toBeTypeOf('boolean');
});

it('two GPU objects of one process both give an adapter', async () => {
  const [first, second] = [await testGpu(), await testGpu()];
  expect(await first.requestAdapter()).not.toBeNull();
  expect(await second.requestAdapter()).not.toBeNull();
});

it('waiting for the GPU leaves the processor to others, and the globals of the program alone', async () => {
  const usual = globalThis.setImmediate;
  const device = await (await (await testGpu()).requestAdapter())!.requestDevice();
  const module = device.createShaderModule({
    // Some 10^9 multiply-adds: long, for a GPU made of processors.
    code: /* wgsl */ `
      @group(0) @binding(0) var<storage, read_write> output: array<f32>;
      @compute @workgroup_size(64)
      fn main(@builtin(global_invocation_id) id: vec3u) {
        var x = output[id.x];
        for (var i = 0u; i < 20000u; i++) { x = fma(x, 0.999, 1.0); }
        output[id.x] = x;
      }`,
  });
  const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module } });
  const buffer = device.createBuffer({ size: 4 * 51_200, usage: GPUBufferUsage.STORAGE });
  const bindGroup = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [{ binding: 0, resource: { buffer } }],
  });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindGroup);
  pass.dispatchWorkgroups(800);
  pass.end();
  device.queue.submit([encoder.finish()]);
  const before = performance.eventLoopUtilization();
  await device.queue.onSubmittedWorkDone();
  const { idle } = performance.eventLoopUtilization(before);
  device.destroy();
  // Who looks in every turn of the event loop is never idle, not for a microsecond.
  expect(idle).toBeGreaterThan(0);
  expect(globalThis.setImmediate).toBe(usual);
});

it('a process that used the GPU and let go of it ends by itself', async () => {
  const program = fileURLToPath(new URL('../setup/useGpuOnce.ts', import.meta.url));
  const run = promisify(execFile)(process.execPath, ['--import', 'tsx', program], {
    timeout: 30_000,
  });
  expect((await run).stdout.trim()).toBe('has a device');
});

it('a device goes on working when the GPU object it came from was dropped and collected', async () => {
  const program = fileURLToPath(new URL('../setup/dropGpu.ts', import.meta.url));
  const flags = ['--expose-gc', '--import', 'tsx', program];
  const run = promisify(execFile)(process.execPath, flags, { timeout: 30_000 });
  expect((await run).stdout.trim()).toBe('still works');
});

it('createGpu leaves the environment as it was, which browsers that are started later inherit', async () => {
  const before = { ...process.env };
  const both = await Promise.all([createGpu(), createGpu()]);
  expect(process.env).toEqual(before);
  // Adapters are still found: Dawn has looked for drivers once.
  for (const gpu of both) expect(await gpu.requestAdapter()).not.toBeNull();
});
