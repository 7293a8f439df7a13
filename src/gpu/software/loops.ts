/** Enforces llvmpipe's limit on loop iterations for networks and plans. */
import { costIterations } from '../../../shaders/cost.ts';
import { fusedIterations } from '../../../shaders/fused.ts';
import { vec4s } from '../../../shaders/wgsl.ts';
import { LimitError } from '../../errors.ts';
import { compilesAtDispatch } from '../adapter.ts';
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
