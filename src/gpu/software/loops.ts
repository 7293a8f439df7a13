/** llvmpipe's limit on loops, and what it means for networks and plans. */
import { costIterations } from '../../../shaders/cost.ts';
import { fusedIterations } from '../../../shaders/fused.ts';
import { vec4s } from '../../../shaders/wgsl.ts';
import { LimitError } from '../../errors.ts';
import type { Network } from '../../network/network.ts';
import type { Plan, PlanAdapter } from '../plan/plan.ts';
import { compilesAhead } from './adapters.ts';

/**
 * Loop iterations that llvmpipe makes of an invocation in a dispatch before it ends all its loops for good, and says
 * nothing; with some room for loops that are not counted here.
 */
export const maxLoopIterations = 65_535 - 1024;

/**
 * llvmpipe ends all loops of an invocation for good after so many iterations, and says nothing: sums over more samples
 * or inputs would come out too small. It does not always say its name, so that every software adapter but SwiftShader,
 * which is known to go on, is taken for it.
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
      `${what} take loops of ${iterations} iterations, and software adapters such as llvmpipe silently end them after ${maxLoopIterations}. ` +
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
