/** Enforces llvmpipe's limit on loop iterations for networks and plans. */
import { vec4s } from '../../../shaders/wgsl.ts';
import { LimitError } from '../../errors.ts';
import { compilesAtDispatch } from '../adapter.ts';
import { costIterations } from '../plan/persistent.ts';
import type { Plan, PlanAdapter } from '../plan/plan.ts';

/**
 * Maximum loop iterations of an invocation in one dispatch. Beyond 65,535, llvmpipe silently ends all loops of the
 * invocation; the margin covers loops that are not counted here.
 */
export const maxLoopIterations = 65_535 - 1024;

/**
 * Checks that loops stay below the limit of llvmpipe. Beyond it, llvmpipe silently ends all loops of an invocation, so
 * sums over many samples or inputs would be too small. llvmpipe does not always report its name, so the limit applies
 * to every software adapter except SwiftShader, which is known not to have it.
 * @returns what is wrong with the plan, if other plans can run
 * @throws {LimitError} for a network or mini-batch with longer loops
 */
export function loopProblem(
  { batchSize, fused }: Plan,
  layers: readonly number[],
  adapter: PlanAdapter,
): string | undefined {
  if (!compilesAtDispatch(adapter)) return undefined;
  const problem = (what: string, iterations: number) =>
    iterations <= maxLoopIterations
      ? undefined
      : `${what} need loops of ${iterations} iterations, but software adapters such as llvmpipe silently end them after ${maxLoopIterations}`;
  const largest = Math.max(...layers);
  const outputs = layers.at(-1)!;
  const limit =
    problem(`Mini-batches of ${batchSize} samples`, vec4s(batchSize)) ??
    problem(`Layers of ${largest} neurons`, vec4s(largest)) ??
    problem(`${outputs} outputs`, costIterations(outputs));
  if (limit !== undefined) throw new LimitError(`${limit}. Use smaller ones, or backend 'cpu'.`);
  return (
    fused && problem(`Layers from ${fused.from} on in one dispatch`, fusedIterations(layers, fused))
  );
}

/**
 * Maximum loop iterations of one invocation of fused layers.
 * @param layers layer sizes of the network, input first
 */
export function fusedIterations(
  layers: readonly number[],
  { from, loop, rows4, workgroupSize }: NonNullable<Plan['fused']>,
): number {
  const turns = (count: number) => (loop === 'simple' ? count : Math.ceil(count / workgroupSize));
  let iterations = turns(4 * rows4) * (1 + costIterations(layers.at(-1)!));
  for (let l = from; l < layers.length - 1; l++) {
    const [inputs4, outputs4] = [vec4s(layers[l]!), vec4s(layers[l + 1]!)];
    // Each turn is one tile: its sums, and the loop that stores them.
    const walk = (columns4: number, k4: number) => turns(rows4 * columns4) * (37 + k4);
    iterations += walk(outputs4, inputs4);
    if (l > 0) iterations += walk(inputs4, outputs4);
  }
  return iterations;
}
