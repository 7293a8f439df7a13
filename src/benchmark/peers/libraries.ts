/** The other libraries, each loaded when it is asked for; what each does stands in a file of its own. */
import type { BrowserPeerName } from '../result/backends.ts';
import type { Contender } from './contender.ts';

/** Backends of `nudge bench --peers`, and forms that only bench:peers measures. */
export type LibraryName =
  BrowserPeerName | 'tfjs-wasm-one-thread' | 'tfjs-cpu' | 'jax-wasm-one-thread';

/** @throws what a library throws that does not start */
export async function loadLibrary(name: LibraryName): Promise<Contender> {
  switch (name) {
    case 'tfjs-webgpu':
      return await (await import('./tfjsWebgpu.ts')).tfjsWebgpu();
    case 'tfjs-wasm':
      return await (await import('./tfjsWasm.ts')).tfjsWasm({ threads: true });
    case 'tfjs-wasm-one-thread':
      return await (await import('./tfjsWasm.ts')).tfjsWasm({ threads: false });
    case 'tfjs-cpu':
      return await (await import('./tfjsCpu.ts')).tfjsCpu();
    case 'jax-webgpu':
      return await (await import('./jax.ts')).jax('webgpu');
    case 'jax-wasm':
      return await (await import('./jax.ts')).jax('wasm', navigator.hardwareConcurrency);
    case 'jax-wasm-one-thread':
      // jax-js starts its threads where there is memory that they can share, and has no other switch.
      Reflect.deleteProperty(globalThis, 'SharedArrayBuffer');
      return await (await import('./jax.ts')).jax('wasm', 1);
  }
}
