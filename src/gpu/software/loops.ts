/** Enforces llvmpipe's limit on loop iterations for networks and plans. */
import { costIterations } from '../../../shaders/cost.ts';
import { fusedIterations } from '../../../shaders/fused.ts';
import { vec4s } from '../../../shaders/wgsl.ts';
import { LimitError } from '../../errors.ts';
import type { Network } from '../../network/network.ts';
import type { Plan, PlanAdapter } from '../plan/plan.ts';
import { compilesAhead } from './adapters.ts';

/**
 * Maximum loop iterations of an invocation in one dispatch. Beyond 65,535, llvmpipe silently ends all loops of the
 * invocation; the margin covers loops that are not counted here.
 */
export const maxLoopIterations = 65_535 - 1024;

/**
 * Checks that loops stay below the limit of llvmpipe. Beyond it, llvmpipe silently ends all loops of an invocation, so
 * sums over many samples or inputs would be too small. llvmpipe does not always report its name, so the limit applies
 * to every software adapter except SwiftShader, which is known not to have it.
 * @throws {LimitError} for a network, mini-batch or plan with longer loops
 */
export function requireShortLoops(
  { layers }: Pick<Network, 'layers'>,
  { batchSize, fused }: Pick<Plan, 'batchSize' | 'fused'>,
  adapter: PlanAdapter,
): void {
  if (!adapter.isSoftware || compilesAhead(adapter)) return;
  const requireShort = (what: string, iterations: number, advice = 'Use smaller ones') => {
    if (iterations <= maxLoopIterations) return;
    throw new LimitError(
      `${what} need loops of ${iterations} iterations, but software adapters such as llvmpipe silently end them after ${maxLoopIterations}. ` +
        `${advice}, or backend 'cpu'.`,
    );
  };
  requireShort(`Mini-batches of ${batchSize} samples`, vec4s(batchSize));
  const largest = Math.max(...layers);
  requireShort(`Layers of ${largest} neurons`, vec4s(largest));
  const outputs = layers.at(-1)!;
  requireShort(`${outputs} outputs`, costIterations(outputs));
  if (fused) {
    const what = `Layers from ${fused.from} on in one dispatch`;
    requireShort(what, fusedIterations(layers, fused), 'Use the default plan');
  }
}
