/** The other libraries that run in browsers. Each is loaded only when it is asked for. */
import type { BrowserPeerName } from '../result/backends.ts';
import type { Contender } from './contender.ts';

/** @throws what a library throws when it does not start */
export async function loadLibrary(name: BrowserPeerName): Promise<Contender> {
  switch (name) {
    case 'tfjs-webgpu': {
      await import('@tensorflow/tfjs-backend-webgpu');
      return await (await import('./tfjs.ts')).tfjs('webgpu');
    }
    case 'tfjs-wasm':
      return await (await import('./tfjsWasm.ts')).tfjsWasm();
    case 'jax-webgpu':
      return await (await import('./jax.ts')).jax('webgpu');
    case 'jax-wasm':
      return await (await import('./jax.ts')).jax('wasm');
  }
}
