/** Measures the peak rate of fused multiply-adds: the best of several shapes of a kernel that does nothing else. */
import {
  multiplyAdd,
  multiplyAddsPerInvocation,
  type MultiplyAddOptions,
} from '../../../shaders/probes/multiplyAdd.ts';
import { ShaderError } from '../../errors.ts';
import type { Device } from '../device.ts';
import type { BatchTimer } from './batchTimer.ts';
import { bindKernels, readBytes, type BoundKernel } from './boundKernel.ts';
import { measureSlope, type Measured } from './slope.ts';

type Shape = Omit<MultiplyAddOptions, 'invocations'>;

/**
 * With too few chains, a unit waits for its own results; with too many, it runs out of registers. The limits differ by
 * adapter, and some adapters have vector registers.
 */
const shapes: readonly Shape[] = [
  { width: 1, chains: 8, workgroupSize: 64 },
  { width: 1, chains: 16, workgroupSize: 64 },
  { width: 4, chains: 2, workgroupSize: 64 },
  { width: 4, chains: 4, workgroupSize: 64 },
  { width: 1, chains: 8, workgroupSize: 256 },
  { width: 4, chains: 4, workgroupSize: 256 },
];

/** Values of m and c. With these, the result is exact and tells how many multiply-adds were made. */
const factors = Float32Array.of(1, 1);

export interface Arithmetic extends Measured {
  /** Fastest shape: '8 × f32, workgroups of 64'. */
  readonly shape: string;
}

/**
 * Measures FLOP/s of fused multiply-adds in float32, two FLOP each.
 * @throws {ShaderError} when a kernel gives a wrong result, since its time would be meaningless
 */
export async function probeArithmetic(
  device: Device,
  timer: BatchTimer,
  deadline: number,
): Promise<Arithmetic> {
  // A GPU has tens of thousands of lanes and needs several invocations for each; a CPU has a few dozen.
  const invocations = device.adapter.isSoftware ? 2 ** 13 : 2 ** 20;
  const fitting = shapes.filter(
    ({ workgroupSize }) => workgroupSize <= device.limit('maxComputeInvocationsPerWorkgroup'),
  );
  const { STORAGE, COPY_DST, COPY_SRC } = GPUBufferUsage;
  const { made, buffers } = await device.create('the buffers of a probe', (allocate) => {
    const buffers = {
      factors: allocate('factors', factors.byteLength, STORAGE | COPY_DST),
      results: allocate('results', 4 * invocations, STORAGE | COPY_DST | COPY_SRC),
    };
    return { buffers, made: Object.values(buffers) };
  });
  try {
    device.gpu.queue.writeBuffer(buffers.factors, 0, factors);
    const kernels = fitting.map((shape) => multiplyAdd({ ...shape, invocations }));
    const bound = await bindKernels(device, kernels, buffers);
    for (const [i, kernel] of bound.entries()) {
      await requireRight(device, timer, kernel, buffers.results, fitting[i]!);
    }
    return await fastest(timer, bound, fitting, invocations, deadline);
  } finally {
    device.release(made);
  }
}

/**
 * Rounds in each heat. The faster half of the first heat goes on to the second, and the fastest of that to the last.
 */
const heats = [1, 3, 20];

/** Measures all shapes briefly, the faster half longer, and the fastest for the remaining time. */
async function fastest(
  timer: BatchTimer,
  bound: readonly BoundKernel[],
  of: readonly Shape[],
  invocations: number,
  deadline: number,
): Promise<Arithmetic> {
  const flop = 2 * multiplyAddsPerInvocation * invocations;
  let left = bound.map(({ record }, i) => ({ record, shape: describeShape(of[i]!) }));
  let best: Arithmetic | undefined;
  for (const rounds of heats) {
    if (best !== undefined && performance.now() > deadline) break;
    const results = [];
    for (const entry of left) {
      if (results.length > 0 && performance.now() > deadline) break;
      const measured = await measureSlope(timer, entry.record, { rounds, deadline, isWarm: true });
      results.push({ ...measured, value: flop / measured.value, entry });
    }
    results.sort((a, b) => b.value - a.value);
    const { entry, ...measured } = results[0]!;
    best = { ...measured, shape: entry.shape };
    const kept = rounds === 1 ? Math.ceil(left.length / 2) : 1;
    left = results.slice(0, kept).map((result) => result.entry);
  }
  return best!;
}

/** Expected result of an invocation in closed form: Σ start + count, over chains and components. */
export function multiplyAddResult({ width, chains }: Shape, invocation: number): number {
  const numbers = width * chains;
  return numbers * (invocation % 16) + (numbers * (numbers - 1)) / 2 + multiplyAddsPerInvocation;
}

async function requireRight(
  device: Device,
  timer: BatchTimer,
  { kernel, record }: BoundKernel,
  results: GPUBuffer,
  shape: Shape,
): Promise<void> {
  const encoder = device.gpu.createCommandEncoder();
  encoder.clearBuffer(results);
  device.gpu.queue.submit([encoder.finish()]);
  await timer.run((passes) => record(passes, 1));
  const found = new Float32Array(await readBytes(device, results, results.size));
  const wrong = found.findIndex((value, i) => value !== multiplyAddResult(shape, i));
  if (wrong < 0) return;
  throw new ShaderError(
    `Probe '${kernel.label}' gave ${found[wrong]} instead of ${multiplyAddResult(shape, wrong)} (invocation ${wrong}), ` +
      'so its time is meaningless. This is a bug in the driver or in nudge; please report it.',
  );
}

/** '8 × vec4f, workgroups of 64' */
function describeShape({ width, chains, workgroupSize }: Shape): string {
  return `${chains} × ${width === 1 ? 'f32' : 'vec4f'}, workgroups of ${workgroupSize}`;
}
