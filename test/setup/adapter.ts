/** The WebGPU of the tests under test/gpu. */
import { inject } from 'vitest';

import { createGpu } from '../../src/node/dawn.ts';

/**
 * A `GPU` of this test file's own, on the adapter that the run has settled on.
 *
 * It throws, and so fails the test, where there is none: a suite that passed because it had nothing
 * to run on would be a lie.
 * @throws {NoAdapterError}
 */
export function testGpu(): Promise<GPU> {
  return createGpu({ adapter: inject('adapter') });
}
