/** Creates the engine of a backend. */
import { backends } from '../engine/engine.ts';
import { requireOneOf } from '../network/functions.ts';
import type { Network } from '../network/network.ts';
import { createReferenceEngine } from '../reference/engine.ts';
import { createOnCpu, type CreatedEngine } from './createdEngine.ts';
import type { TrainerOptions } from './trainerOptions.ts';

/**
 * What a GPU needs is loaded only if it is used: the kernels and their tools are more than half of the code that a page
 * would load.
 * @throws the errors of the chosen backend; `auto` falls back to `cpu` if there is no GPU
 */
export async function createEngine(
  network: Network,
  options: TrainerOptions,
): Promise<CreatedEngine> {
  const backend = requireOneOf('backend', options.backend ?? 'auto', [...backends, 'auto']);
  switch (backend) {
    case 'webgpu':
      return await (await import('./createOnGpu.ts')).createOnGpu(network, options);
    case 'cpu':
      return { engine: await createOnCpu(network, options) };
    case 'reference':
      return { engine: createReferenceEngine({ ...options, network }) };
    case 'auto':
      return await (await import('./createFastest.ts')).createFastest(network, options);
  }
}
