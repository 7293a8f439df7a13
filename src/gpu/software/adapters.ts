/** Identifies software adapters. */
import type { PlanAdapter } from '../plan/plan.ts';

/** Whether pipelines are compiled on creation, as in SwiftShader. lavapipe compiles at the first dispatch. */
export function compilesAhead({ isSoftware, subgroupSize }: PlanAdapter): boolean {
  return isSoftware && subgroupSize === 4;
}
