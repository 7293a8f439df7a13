import { getThreadsCount, setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import simd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threadedSimd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import plain from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import { env } from '@tensorflow/tfjs-core';

import { wasmForm } from './batches.ts';
import type { Contender } from './contender.ts';
import { tfjs } from './tfjs.ts';

/** TensorFlow.js in WebAssembly, with one thread per processor. */
export function tfjsWasm(): Promise<Contender> {
  setWasmPaths({
    'tfjs-backend-wasm.wasm': plain,
    'tfjs-backend-wasm-simd.wasm': simd,
    'tfjs-backend-wasm-threaded-simd.wasm': threadedSimd,
  });
  const threads = navigator.hardwareConcurrency;
  // TensorFlow.js starts at most half as many threads as the browser reports processors (backend.cc).
  Object.defineProperty(navigator, 'hardwareConcurrency', { value: 2 * threads });
  setThreadsCount(threads);
  return tfjs('wasm', form);
}

/** Names the build that the backend has loaded and the threads that it has started. */
async function form(): Promise<string> {
  const hasSimd = (await env().getAsync('WASM_HAS_SIMD_SUPPORT')) === true;
  return wasmForm(hasSimd ? 'SIMD' : 'no SIMD', getThreadsCount());
}
