import { getThreadsCount, setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import simd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threadedSimd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import plain from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import { env } from '@tensorflow/tfjs-core';

import type { Contender, Form } from './contender.ts';
import { wasmForm } from './wasmForm.ts';
import { tfjs } from './tfjs.ts';

/** @param options.threads a thread a core, or one alone */
export function tfjsWasm({ threads }: { threads: boolean }): Promise<Contender> {
  setWasmPaths({
    'tfjs-backend-wasm.wasm': plain,
    'tfjs-backend-wasm-simd.wasm': simd,
    'tfjs-backend-wasm-threaded-simd.wasm': threadedSimd,
  });
  const wantedThreads = threads ? navigator.hardwareConcurrency : 1;
  if (threads) {
    // TensorFlow.js starts half as many threads as the browser tells it of processors, at most: see backend.cc.
    Object.defineProperty(navigator, 'hardwareConcurrency', { value: 2 * wantedThreads });
    setThreadsCount(wantedThreads);
  } else env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  return tfjs('wasm', () => form(wantedThreads));
}

/** What the backend loaded: one of three builds, and as many threads as it then started. */
async function form(wantedThreads: number): Promise<Form> {
  const hasSimd = (await env().getAsync('WASM_HAS_SIMD_SUPPORT')) === true;
  return wasmForm('TensorFlow.js', hasSimd ? 'SIMD' : 'no SIMD', getThreadsCount(), wantedThreads);
}
