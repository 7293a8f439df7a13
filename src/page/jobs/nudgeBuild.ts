/** Which nudge this page is, as it was built. */
import type { BenchmarkResult } from '../../benchmark/result/schema.ts';

export const nudgeBuild: BenchmarkResult['nudge'] = {
  version: __NUDGE_VERSION__,
  ...(__NUDGE_COMMIT__ !== '' && { commit: __NUDGE_COMMIT__ }),
};
