import { buffer, kernel, type Kernel } from '../kernel.ts';
import { each } from '../wgsl.ts';

export interface MultiplyAddOptions {
  /** Numbers per variable: 1 for f32, 4 for vec4f. GPUs with vector registers need 4; others need 1 or do not care. */
  readonly width: 1 | 4;
  /** Number of independent variables. Enough of them hide the latency of a multiply-add. */
  readonly chains: number;
  readonly invocations: number;
  readonly workgroupSize: number;
}

/** Multiply-adds per invocation, over all its chains and components. */
export const multiplyAddsPerInvocation = 4096;

/** Scalar multiply-adds in the loop body: enough to hide the cost of the loop, few enough to compile fast. */
const unrolled = 128;

/**
 * Executes only fused multiply-adds in registers, x ← m·x + c, `chains × width` at a time.
 *
 * m and c come from memory, so compilers cannot compute the result. Every chain has its own start value, so none can be
 * removed, and all of them contribute to the written result. With m = c = 1, everything is exact in float32 and each
 * multiply-add increases x by one, so the result tells how many were made.
 */
export function multiplyAdd(options: MultiplyAddOptions): Kernel {
  const { width, chains, invocations, workgroupSize } = options;
  const type = width === 1 ? 'f32' : 'vec4f';
  const perPass = chains * width;
  const passes = unrolled / perPass;
  const sum = Array.from({ length: chains }, (_, chain) => `x${chain}`).join(' + ');
  return kernel({
    label: `multiply-add ${chains} × ${type}`,
    bindings: [
      buffer('factors', 'read', 'array<f32>'),
      buffer('results', 'read_write', 'array<f32>'),
    ],
    ...{ invocations, workgroupSize },
    body: /* wgsl */ `
  let m = ${type}(factors[0]);
  let c = ${type}(factors[1]);
  let start = f32(invocation & 15u);
${each(chains, (chain) => `  var x${chain} = ${startOf(chain, width)};`)}
  for (var i = 0u; i < ${multiplyAddsPerInvocation / unrolled}u; i++) {
${each(passes, () => each(chains, (chain) => `    x${chain} = fma(x${chain}, m, c);`))}
  }
  let sum = ${sum};
  results[invocation] = ${width === 1 ? 'sum' : 'sum.x + sum.y + sum.z + sum.w'};`,
  });
}

function startOf(chain: number, width: 1 | 4): string {
  if (width === 1) return `start + ${chain}.0f`;
  const [x, y, z, w] = [0, 1, 2, 3].map((component) => `${4 * chain + component}.0f`);
  return `start + vec4f(${x}, ${y}, ${z}, ${w})`;
}
