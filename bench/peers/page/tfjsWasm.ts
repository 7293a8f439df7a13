import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import simd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threadedSimd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import plain from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import { env } from '@tensorflow/tfjs-core';

import type { Contender } from './contender.ts';
import { tfjs } from './tfjs.ts';

/** @param options.threads a thread a core, or one alone */
export function tfjsWasm({ threads }: { threads: boolean }): Promise<Contender> {
  setWasmPaths({
    'tfjs-backend-wasm.wasm': plain,
    'tfjs-backend-wasm-simd.wasm': simd,
    'tfjs-backend-wasm-threaded-simd.wasm': threadedSimd,
  });
  if (threads) setThreadsCount(navigator.hardwareConcurrency);
  else env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  return tfjs('wasm');
}
