/** Runs once before the tests under test/gpu, and says which adapter they run on. */
import type { TestProject } from 'vitest/node';

import { NoAdapterError } from '../../src/errors.ts';
import { adapterName, describeAdapter } from '../../src/gpu/adapter.ts';
import { createGpu } from '../../src/node/dawn.ts';

export default async function announceAdapter({ vitest }: TestProject): Promise<void> {
  try {
    const adapter = await (await createGpu()).requestAdapter();
    if (adapter !== null) {
      vitest.logger.log(`GPU tests run on: ${adapterName(describeAdapter(adapter.info))}`);
    }
  } catch (error) {
    // Each GPU test then fails with this sentence.
    if (!(error instanceof NoAdapterError)) throw error;
    vitest.logger.error(error.message);
  }
}
