import '@tensorflow/tfjs-backend-cpu';

import type { Contender } from './contender.ts';
import { tfjs } from './tfjs.ts';

export function tfjsCpu(): Promise<Contender> {
  return tfjs('cpu');
}
