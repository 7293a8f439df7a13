/** The WebGPU of the tests under test/gpu. */
import { createGpu } from '../../src/node/dawn.ts';

/**
 * A `GPU` of this test's own, with an adapter: Dawn's, on this machine's GPU or on SwiftShader.
 *
 * It throws, and so fails the test, where there is none: a suite that passed because it had nothing
 * to run on would be a lie.
 * @throws {NoAdapterError}
 */
export function testGpu(): Promise<GPU> {
  return createGpu();
}
