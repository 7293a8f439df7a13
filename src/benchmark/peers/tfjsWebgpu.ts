import '@tensorflow/tfjs-backend-webgpu';

import type { Contender } from './contender.ts';
import { tfjs } from './tfjs.ts';

export function tfjsWebgpu(): Promise<Contender> {
  return tfjs('webgpu');
}
