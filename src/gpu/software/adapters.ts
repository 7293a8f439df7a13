/** Which software adapter it is. */
import type { PlanAdapter } from '../plan/plan.ts';

/** Whether pipelines are compiled when they are made, as SwiftShader's are, and lavapipe's at the first dispatch. */
export function compilesAhead({ isSoftware, subgroupSize }: PlanAdapter): boolean {
  return isSoftware && subgroupSize === 4;
}
