import type { Kernel } from '../../../shaders/kernel.ts';
import type { Device } from '../device.ts';
import { compileKernels } from '../pipelines.ts';
import type { Passes } from '../program.ts';
import { Readback } from '../readback.ts';

/** A compiled kernel with its buffers bound. Recording it takes three calls, as in a training step. */
export interface BoundKernel {
  readonly kernel: Kernel;
  readonly record: (passes: Passes, times: number) => void;
}

/**
 * @param buffers buffers of all kernels, by binding name
 * @throws {ShaderError} when a kernel is rejected
 */
export async function bindKernels(
  device: Device,
  kernels: readonly Kernel[],
  buffers: Readonly<Record<string, GPUBuffer>>,
): Promise<readonly BoundKernel[]> {
  const compiled = await compileKernels(device, kernels);
  return await device.create('the bind groups of a probe', () =>
    compiled.map(({ kernel, pipeline, layout }): BoundKernel => {
      const entries = kernel.bindings.map(({ name }, binding) => ({
        binding,
        resource: { buffer: buffers[name]! },
      }));
      const group = device.gpu.createBindGroup({ label: kernel.label, layout, entries });
      return {
        kernel,
        record: (passes, times) => {
          const pass = passes.open();
          for (let time = 0; time < times; time++) {
            pass.setPipeline(pipeline);
            pass.setBindGroup(0, group);
            pass.dispatchWorkgroups(...kernel.workgroups);
          }
        },
      };
    }),
  );
}

/** Reads the first `size` bytes of a buffer, after all work submitted so far. */
export async function readBytes(
  device: Device,
  buffer: GPUBuffer,
  size: number,
): Promise<ArrayBuffer> {
  const readback = await Readback.create(device, 'a probe', size, 1);
  try {
    const { bytes } = await readback.read('the result of a probe', [{ buffer, size }]);
    return await bytes;
  } finally {
    readback.dispose();
  }
}
