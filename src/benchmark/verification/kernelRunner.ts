import type { Kernel } from '../../../shaders/kernel.ts';
import { ShaderError } from '../../errors.ts';
import type { Device } from '../../gpu/device.ts';
import { compileKernels } from '../../gpu/pipelines.ts';
import { Readback } from '../../gpu/readback.ts';

/** A NaN that no computation gives: an element that still holds it was never written. */
export const poison = 0x7fc0dead;
/**
 * Elements behind the end of each writable buffer that must stay as they were. They are part of the binding on
 * purpose: WebGPU keeps stray writes inside a binding, and in one without a margin they would go unseen.
 */
const guardElements = 64;
/** What the margin of a buffer that is only read holds: a NaN, so that reading it shows in the result. */
const readGuard = poison;
/** What the margin of a writable one holds: finite, because arithmetic on a NaN may well give the same NaN. */
const writeGuard = 0x3f9dc0de;

/** What a binding holds before the dispatch: data, or so many elements of poison. */
export type Contents = Float32Array | Uint32Array | { readonly poisoned: number };

/**
 * Runs one kernel once over buffers of its own.
 * @param contents by the names of the kernel's bindings
 * @returns the elements of each writable binding after the dispatch
 * @throws {ShaderError} when the kernel wrote behind the end of a buffer
 */
export async function runKernel(
  device: Device,
  kernel: Kernel,
  contents: Readonly<Record<string, Contents>>,
): Promise<ReadonlyMap<string, Uint32Array>> {
  const [compiled] = await compileKernels(device, [kernel]);
  const { gpu } = device;
  const images = kernel.bindings.map(({ name, access }) => image(contents[name]!, access));
  const usage = {
    uniform: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    read: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST,
    read_write: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC,
  };
  const { buffers, group } = await device.create(`a run of '${kernel.label}'`, (allocate) => {
    const made = kernel.bindings.map(({ name, access }, i) =>
      allocate(name, images[i]!.byteLength, usage[access]),
    );
    const entries = made.map((buffer, binding) => ({ binding, resource: { buffer } }));
    const layout = compiled!.layout;
    return { buffers: made, group: gpu.createBindGroup({ layout, entries }) };
  });
  const written = buffers.filter((_, i) => kernel.bindings[i]!.access === 'read_write');
  const bytes = written.reduce((sum, { size }) => sum + size, 0);
  let readback: Readback | undefined;
  try {
    readback = await Readback.create(device, kernel.label, bytes, 1);
    buffers.forEach((buffer, i) => gpu.queue.writeBuffer(buffer, 0, images[i]!));
    const encoder = gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(compiled!.pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(...kernel.workgroups);
    pass.end();
    gpu.queue.submit([encoder.finish()]);
    const read = await readback.read(
      `the results of '${kernel.label}'`,
      written.map((buffer) => ({ buffer, size: buffer.size })),
    );
    return split(kernel, await read.bytes, images);
  } finally {
    readback?.dispose();
    device.release(buffers);
  }
}

/** The bytes a binding starts with; all but uniforms end in a guard. */
function image(contents: Contents, access: string): Uint32Array<ArrayBuffer> {
  const data =
    'poisoned' in contents
      ? new Uint32Array(contents.poisoned).fill(poison)
      : new Uint32Array(contents.buffer, contents.byteOffset, contents.length);
  if (access === 'uniform') return Uint32Array.from(data);
  const guard = access === 'read' ? readGuard : writeGuard;
  const guarded = new Uint32Array(data.length + guardElements).fill(guard);
  guarded.set(data);
  return guarded;
}

function split(
  kernel: Kernel,
  bytes: ArrayBuffer,
  images: readonly Uint32Array[],
): ReadonlyMap<string, Uint32Array> {
  const result = new Map<string, Uint32Array>();
  let offset = 0;
  kernel.bindings.forEach(({ name, access }, i) => {
    if (access !== 'read_write') return;
    const all = new Uint32Array(bytes, offset, images[i]!.length);
    offset += all.byteLength;
    const end = all.length - guardElements;
    const stray = all.subarray(end).findIndex((word) => word !== writeGuard);
    if (stray >= 0) {
      throw new ShaderError(
        `Kernel '${kernel.label}' wrote element ${end + stray} of '${name}', which has ${end}.`,
      );
    }
    result.set(name, all.subarray(0, end));
  });
  return result;
}

/** Words read back, as the floats they are. A poisoned one is NaN, and so within no bound. */
export function floats(words: Uint32Array): Float32Array {
  return new Float32Array(words.buffer, words.byteOffset, words.length);
}
