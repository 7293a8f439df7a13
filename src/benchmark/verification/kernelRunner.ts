import type { Kernel } from '../../../shaders/kernel.ts';
import { ShaderError } from '../../errors.ts';
import type { Device } from '../../gpu/device.ts';
import { Passes, Program } from '../../gpu/program.ts';
import { Readback } from '../../gpu/readback.ts';

/** A NaN that no computation produces: an element with this value was never written. */
export const poison = 0x7fc0dead;
/**
 * Elements after the end of each buffer that must not change. They are part of the binding, because WebGPU confines stray
 * writes to a binding, and without a margin such writes would go undetected.
 */
const guardElements = 64;
/** Margin of a buffer that is only read: a NaN, which shows in the result if it is read. */
const readGuard = poison;
/** Margin of a writable buffer: finite, because arithmetic on a NaN may give the same NaN. */
const writeGuard = 0x3f9dc0de;

/** Contents of a binding before the dispatch: data, or a number of poisoned elements. */
export type Contents = Float32Array | Uint32Array | { readonly poisoned: number };

type BufferAccess = 'uniform' | 'read' | 'read_write';

/**
 * Runs a kernel once, on new buffers.
 * @param contents by the names of the kernel's bindings; of a texture, by that of the buffer it is a copy of
 * @returns the elements of each writable binding after the dispatch
 * @throws {ShaderError} if the kernel wrote past the end of a buffer
 */
export async function runKernel(
  device: Device,
  kernel: Kernel,
  contents: Readonly<Record<string, Contents>>,
): Promise<ReadonlyMap<string, Uint32Array>> {
  const { gpu } = device;
  const accesses = accessesOf(kernel);
  const images = new Map(
    [...accesses].map(([name, access]) => [name, image(contents[name]!, access)] as const),
  );
  const usage = {
    uniform: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    read: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC,
    read_write: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC,
  };
  const buffers = await device.create(
    `a run of '${kernel.label}'`,
    (allocate) =>
      new Map(
        [...accesses].map(
          ([name, access]) =>
            [name, allocate(name, images.get(name)!.byteLength, usage[access])] as const,
        ),
      ),
  );
  const names = writtenBy(kernel);
  const written = names.map((name) => buffers.get(name)!);
  const bytes = written.reduce((sum, { size }) => sum + size, 0);
  let readback: Readback | undefined;
  let program: Program | undefined;
  try {
    program = await Program.create(device, [kernel], buffers);
    readback = await Readback.create(device, kernel.label, bytes, 1);
    for (const [name, buffer] of buffers) gpu.queue.writeBuffer(buffer, 0, images.get(name)!);
    const encoder = gpu.createCommandEncoder();
    const passes = new Passes(encoder, kernel.label);
    program.encode(passes, 1);
    passes.end();
    gpu.queue.submit([encoder.finish()]);
    const read = await readback.read(
      `the results of '${kernel.label}'`,
      written.map((buffer) => ({ buffer, size: buffer.size })),
    );
    return split(kernel, await read.bytes, images);
  } finally {
    program?.dispose();
    readback?.dispose();
    device.release(buffers.values());
  }
}

/** The access to each buffer of a kernel; writing counts more than reading. */
function accessesOf(kernel: Kernel): ReadonlyMap<string, BufferAccess> {
  const accesses = new Map<string, BufferAccess>();
  for (const { name, access, texels } of kernel.bindings) {
    const isBuffer = access === 'uniform' || access === 'read' || access === 'read_write';
    if (isBuffer) accesses.set(name, access);
    else if (texels && !accesses.has(texels.buffer)) accesses.set(texels.buffer, 'read');
  }
  return accesses;
}

const writtenBy = ({ bindings }: Kernel) =>
  bindings.flatMap(({ name, access }) => (access === 'read_write' ? [name] : []));

/** The initial contents of a binding; all but uniforms end with a guard. */
function image(contents: Contents, access: BufferAccess): Uint32Array<ArrayBuffer> {
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
  images: ReadonlyMap<string, Uint32Array>,
): ReadonlyMap<string, Uint32Array> {
  const result = new Map<string, Uint32Array>();
  let offset = 0;
  for (const name of writtenBy(kernel)) {
    const all = new Uint32Array(bytes, offset, images.get(name)!.length);
    offset += all.byteLength;
    const end = all.length - guardElements;
    const stray = all.subarray(end).findIndex((word) => word !== writeGuard);
    if (stray >= 0) {
      throw new ShaderError(
        `Kernel '${kernel.label}' wrote element ${end + stray} of '${name}', which has ${end} elements.`,
      );
    }
    result.set(name, all.subarray(0, end));
  }
  return result;
}

/** Words as floats. A poisoned word is NaN, which exceeds every bound. */
export function floats(words: Uint32Array): Float32Array {
  return new Float32Array(words.buffer, words.byteOffset, words.length);
}
