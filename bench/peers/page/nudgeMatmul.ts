/**
 * A square product by nudge's forward kernel, which is one: a·W + b with b = 0, of the tile that a plan gives a
 * layer of that size. nudge has no product of matrices in its public API, so this reaches below it.
 */
import { forward } from '../../../shaders/forward.ts';
import type { Device } from '../../../src/gpu/device.ts';
import { choosePlan } from '../../../src/gpu/plan/choose.ts';
import { paddedRows } from '../../../src/gpu/plan/plan.ts';
import { Program } from '../../../src/gpu/program.ts';
import type { MatmulTask, Multiplier } from '../../../src/benchmark/peers/contender.ts';

/** Floating-point operations of one submit: 50 ms at 10 GFLOP/s, and soon enough over on a slow adapter. */
const operationsPerSubmit = 5e8;

/** @param device becomes the multiplier's, which destroys it */
export async function createNudgeMultiplier(
  device: Device,
  { size, a, b }: MatmulTask,
): Promise<Multiplier> {
  const plan = choosePlan({ layers: [size, size] }, size, device.adapter);
  const vec4sOfMatrix = (paddedRows(size) * size) / 4;
  const kernel = forward({
    layer: {
      inputs: size,
      outputs: size,
      activation: 'linear',
      inputAt: 0,
      outputAt: vec4sOfMatrix,
      preactivationAt: 0,
      parametersAt: 0,
    },
    batchSize: size,
    rows: paddedRows(size),
    tile: plan.layers[0]!.forward,
  });
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
  const [parameters, activations] = await device.create('matrices', (allocate) => [
    // B, and b in the row behind it.
    allocate('parameters', 4 * (size + 1) * size, usage),
    // A, and C.
    allocate('activations', 2 * 16 * vec4sOfMatrix, usage),
  ]);
  const { queue } = device.gpu;
  // [inputs, outputs] row-major, of whole vec4s: a matrix whose size is a multiple of 4 as it is.
  queue.writeBuffer(parameters, 0, b);
  queue.writeBuffer(activations, 0, a);
  const buffers = new Map([
    ['parameters', parameters],
    ['activations', activations],
  ]);
  const program = await Program.create(device, [kernel], buffers);
  const perSubmit = Math.max(1, Math.round(operationsPerSubmit / (2 * size ** 3)));

  const submit = (times: number) => {
    const encoder = device.gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    program.encode(pass, times);
    pass.end();
    queue.submit([encoder.finish()]);
  };
  return {
    async product() {
      submit(1);
      const target = device.gpu.createBuffer({
        size: 4 * size * size,
        usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ,
      });
      const encoder = device.gpu.createCommandEncoder();
      encoder.copyBufferToBuffer(activations, 16 * vec4sOfMatrix, target, 0, target.size);
      queue.submit([encoder.finish()]);
      await target.mapAsync(GPUMapMode.READ);
      const result = new Float32Array(target.getMappedRange().slice(0));
      target.destroy();
      return result;
    },
    async multiply(times) {
      for (let left = times; left > 0; left -= perSubmit) submit(Math.min(left, perSubmit));
      await queue.onSubmittedWorkDone();
    },
    dispose: () => device.destroy(),
  };
}
