/** The version and commit of this build, for results. */
import type { BenchmarkResult } from '../../benchmark/result/schema.ts';

export const nudgeBuild: BenchmarkResult['nudge'] = {
  version: __NUDGE_VERSION__,
  ...(__NUDGE_COMMIT__ !== '' && { commit: __NUDGE_COMMIT__ }),
};
