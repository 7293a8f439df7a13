/** Measures the bandwidth between kernels and memory, and between kernels and caches. */
import { read, type ReadOptions } from '../../../shaders/probes/read.ts';
import { copy, fill, fillFactor } from '../../../shaders/probes/stream.ts';
import { OutOfMemoryError, ShaderError } from '../../errors.ts';
import type { Device } from '../device.ts';
import type { BatchTimer } from './batchTimer.ts';
import { bindKernels, readBytes } from './boundKernel.ts';
import { measureSlope, type Measured } from './slope.ts';

export interface Memory {
  /** Length of the large buffers in bytes. */
  readonly largeBytes: number;
  /** Length of the small buffer in bytes. */
  readonly smallBytes: number;
  /** Bytes/s read from a large buffer. */
  readonly read: Measured;
  /** Bytes/s read from one large buffer and written to another, both counted. */
  readonly copy: Measured;
  /** Bytes/s read from a buffer that fits into caches. */
  readonly cached: Measured;
}

/**
 * Buffer sizes. Two large buffers of 128 MiB exceed the caches of most GPUs, and every adapter can bind that size. A
 * small buffer of 4 MiB is enough for a step of a small network. On a software adapter, the work per load takes longer
 * than the memory access, so the size hardly matters.
 */
const sizes = {
  hardware: { largeBytes: 2 ** 27, smallBytes: 2 ** 22 },
  software: { largeBytes: 2 ** 22, smallBytes: 2 ** 20 },
} as const;
/** The small buffer is the start of a large one, so the large one is at least this long. */
const minLargeBytes = 2 ** 22;
const workgroupSize = 64;

/**
 * Measures with the largest buffers that the device provides.
 * @throws {ShaderError} when a kernel gives a wrong result
 * @throws {OutOfMemoryError} when even buffers of 4 MiB do not fit
 */
export async function probeMemory(
  device: Device,
  timer: BatchTimer,
  deadline: number,
): Promise<Memory> {
  let bytes = Math.min(
    sizes[device.adapter.isSoftware ? 'software' : 'hardware'].largeBytes,
    2 ** Math.floor(Math.log2(device.limit('maxStorageBufferBindingSize'))),
    2 ** Math.floor(Math.log2(device.limit('maxBufferSize'))),
  );
  for (;;) {
    try {
      return await probeBuffers(device, timer, deadline, bytes);
    } catch (error) {
      if (!(error instanceof OutOfMemoryError) || bytes <= minLargeBytes) throw error;
      bytes /= 2;
    }
  }
}

async function probeBuffers(
  device: Device,
  timer: BatchTimer,
  deadline: number,
  bytes: number,
): Promise<Memory> {
  const vec4s = bytes / 16;
  const { isSoftware } = device.adapter;
  const { smallBytes } = sizes[isSoftware ? 'software' : 'hardware'];
  const large: ReadOptions = { vec4s, invocations: vec4s / 32, loads: 32, workgroupSize };
  const small: ReadOptions = {
    vec4s: smallBytes / 16,
    invocations: isSoftware ? 2 ** 13 : 2 ** 18,
    loads: isSoftware ? 32 : 256,
    workgroupSize,
  };
  const sumBytes = 16 * Math.max(large.invocations, small.invocations);
  const { STORAGE, COPY_SRC } = GPUBufferUsage;
  const { made, buffers } = await device.create('the buffers of a probe', (allocate) => {
    const buffers = {
      data: allocate('data', bytes, STORAGE),
      copies: allocate('copies', bytes, STORAGE | COPY_SRC),
      sums: allocate('sums', sumBytes, STORAGE | COPY_SRC),
    };
    return { buffers, made: Object.values(buffers) };
  });
  try {
    const [filler, reader, copier, smallReader] = await bindKernels(
      device,
      [fill({ vec4s, workgroupSize }), read(large), copy({ vec4s, workgroupSize }), read(small)],
      buffers,
    );
    await timer.run((passes) => filler!.record(passes, 1));
    const share = (deadline - performance.now()) / 3;
    const measure = async (name: 'read' | 'copy' | 'small') => {
      const order = ['read', 'copy', 'small'].indexOf(name);
      const kernel = { read: reader!, copy: copier!, small: smallReader! }[name];
      const moved = { read: bytesRead(large), copy: 2 * bytes, small: bytesRead(small) }[name];
      const options = { rounds: 20, deadline: deadline - (2 - order) * share };
      const measured = await measureSlope(timer, kernel.record, options);
      return { ...measured, value: moved / measured.value };
    };
    const readRate = await measure('read');
    await requireSums(device, buffers.sums, large);
    const copyRate = await measure('copy');
    await requireCopies(device, buffers.copies);
    const cachedRate = await measure('small');
    await requireSums(device, buffers.sums, small);
    return {
      largeBytes: bytes,
      smallBytes,
      read: readRate,
      copy: copyRate,
      cached: cachedRate,
    };
  } finally {
    device.release(made);
  }
}

function bytesRead({ invocations, loads }: ReadOptions): number {
  return 16 * invocations * loads;
}

/** Units of a result to check: enough to detect a kernel that did something else. */
const unitsChecked = 1024;

/** Expected result of one invocation of the read kernel on filled data: four words. */
export function readResult(options: ReadOptions, invocation: number): Uint32Array {
  const stride = options.invocations + options.workgroupSize;
  const sums = new Uint32Array(4);
  for (let load = 0; load < options.loads; load++) {
    const unit = (invocation + load * stride) % options.vec4s;
    for (let word = 0; word < 4; word++) sums[word]! += Math.imul(4 * unit + word, fillFactor);
  }
  return sums;
}

async function requireSums(device: Device, sums: GPUBuffer, options: ReadOptions): Promise<void> {
  const count = Math.min(unitsChecked, options.invocations);
  const found = new Uint32Array(await readBytes(device, sums, 16 * count));
  requireWords('read', found, (word) => readResult(options, Math.floor(word / 4))[word % 4]!);
}

async function requireCopies(device: Device, copies: GPUBuffer): Promise<void> {
  const found = new Uint32Array(await readBytes(device, copies, 16 * unitsChecked));
  requireWords('copy', found, (word) => Math.imul(word, fillFactor) >>> 0);
}

function requireWords(what: string, found: Uint32Array, expected: (word: number) => number): void {
  const wrong = found.findIndex((value, word) => value !== expected(word));
  if (wrong < 0) return;
  throw new ShaderError(
    `Probe '${what}' gave ${found[wrong]} instead of ${expected(wrong)} (word ${wrong}), so its time is meaningless. ` +
      'This is a bug in the driver or in nudge; please report it.',
  );
}
