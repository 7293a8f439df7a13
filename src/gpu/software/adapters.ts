/** Everything that is particular to adapters that compute on the CPU. Without this folder, they get the plan for GPUs. */
import { usedTiles, type AdapterFamily } from '../plan/plan.ts';
import { loopProblem } from './loops.ts';
import { softwarePlan } from './plan.ts';
import { swapProblem, textureProblem } from './swaps.ts';

export const softwareAdapters: AdapterFamily = {
  includes: ({ isSoftware }) => isSoftware,
  plan: softwarePlan,
  problem(plan, layers, adapter) {
    const tiles = usedTiles(plan, layers);
    return (
      loopProblem(plan, layers, adapter) ??
      swapProblem(tiles, adapter) ??
      textureProblem(plan, tiles)
    );
  },
};
