import type { Contender } from '../../../src/benchmark/peers/contender.ts';
import { loadLibrary } from '../../../src/benchmark/peers/libraries.ts';
import type { ContenderName } from '../contenders.ts';

/** The library of that name, loaded now: a page that measures one library has not loaded another. */
export async function loadContender(name: ContenderName): Promise<Contender> {
  if (name === 'nudge-webgpu' || name === 'nudge-cpu') {
    const { nudge } = await import('./nudge.ts');
    return nudge(name === 'nudge-webgpu' ? 'webgpu' : 'cpu');
  }
  return await loadLibrary(name);
}
