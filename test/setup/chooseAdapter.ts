/**
 * Runs once before the tests under test/gpu: finds out whether this machine has a hardware adapter,
 * says which one the tests run on, and tells the workers, which then don't each have to try.
 */
import type { TestProject } from 'vitest/node';

import { NoAdapterError } from '../../src/errors.ts';
import { createGpu, type AdapterChoice } from '../../src/node/dawn.ts';

declare module 'vitest' {
  interface ProvidedContext {
    adapter: AdapterChoice;
  }
}

export default async function chooseAdapter(project: TestProject): Promise<void> {
  for (const choice of ['hardware', 'software'] as const) {
    try {
      const gpu = await createGpu({ adapter: choice });
      const adapter = await gpu.requestAdapter();
      if (adapter === null) continue;
      const { description, vendor, architecture } = adapter.info;
      const name = description || `${vendor} ${architecture}`;
      project.vitest.logger.log(`Adapter of the GPU tests: ${name} (${choice})`);
      project.provide('adapter', choice);
      return;
    } catch (error) {
      if (!(error instanceof NoAdapterError)) throw error;
    }
  }
  // Each GPU test then fails with the sentence that says what is missing.
  project.provide('adapter', 'auto');
}
