import { kernel, type Kernel } from '../kernel.ts';
import { each, wgsl } from '../wgsl.ts';

export interface MultiplyAddOptions {
  /** Numbers a variable holds: f32 or vec4f. GPUs with vector registers want 4, the others do not care or want 1. */
  readonly width: 1 | 4;
  /** Variables that do not wait for one another: enough of them hide how long one multiply-add takes. */
  readonly chains: number;
  readonly invocations: number;
  readonly workgroupSize: number;
}

/** Multiply-adds that an invocation makes, over all its chains and components. */
export const multiplyAddsPerInvocation = 4096;

/** Scalar multiply-adds in the body of the loop: long enough for the loop not to count, short enough to compile fast. */
const unrolled = 128;

/**
 * Nothing but fused multiply-adds in registers, x ← m·x + c, as many at once as `chains × width`.
 *
 * m and c come from memory, so that no compiler can work out the end; every chain starts elsewhere, so that none can
 * be left out; and all end in a result that is written. With m = c = 1 all is exact in float32, and x goes up by one
 * with each: the result says how many were made.
 */
export function multiplyAdd(options: MultiplyAddOptions): Kernel {
  const { width, chains, invocations, workgroupSize } = options;
  const type = width === 1 ? 'f32' : 'vec4f';
  const perPass = chains * width;
  const passes = unrolled / perPass;
  const sum = Array.from({ length: chains }, (_, chain) => `x${chain}`).join(' + ');
  return kernel(
    `multiply-add ${describeShape(options)}`,
    [
      { name: 'factors', access: 'read', type: 'array<f32>' },
      { name: 'results', access: 'read_write', type: 'array<f32>' },
    ],
    invocations,
    workgroupSize,
    '',
    wgsl /* wgsl */ `
  let m = ${type}(factors[0]);
  let c = ${type}(factors[1]);
  let start = f32(invocation & 15u);
${each(chains, (chain) => `  var x${chain} = ${startOf(chain, width)};`)}
  for (var i = 0u; i < ${multiplyAddsPerInvocation / unrolled}u; i++) {
${each(passes, () => each(chains, (chain) => `    x${chain} = fma(x${chain}, m, c);`))}
  }
  let sum = ${sum};
  results[invocation] = ${width === 1 ? 'sum' : 'sum.x + sum.y + sum.z + sum.w'};`,
  );
}

/** '8 × vec4f, workgroups of 64' */
export function describeShape({
  width,
  chains,
  workgroupSize,
}: Omit<MultiplyAddOptions, 'invocations'>): string {
  return `${chains} × ${width === 1 ? 'f32' : 'vec4f'}, workgroups of ${workgroupSize}`;
}

function startOf(chain: number, width: 1 | 4): string {
  if (width === 1) return `start + ${chain}.0f`;
  const [x, y, z, w] = [0, 1, 2, 3].map((component) => `${4 * chain + component}.0f`);
  return `start + vec4f(${x}, ${y}, ${z}, ${w})`;
}
