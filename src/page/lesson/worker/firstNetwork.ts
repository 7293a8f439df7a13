import { Network } from '../../../network/network.ts';
import { presets } from '../../../network/presets.ts';
import type { Script } from '../moment.ts';

/** The network that a run begins with. */
export function firstNetwork({ seed, activation }: Pick<Script, 'seed' | 'activation'>): Network {
  const initializer = activation === 'relu' ? 'he' : presets.lecture.network.initializer;
  return new Network({ ...presets.lecture.network, activation, initializer, seed });
}
