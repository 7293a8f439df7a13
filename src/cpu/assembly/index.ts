/**
 * The functions that the host calls. The kernels are written in AssemblyScript, because TypeScript engineers can read
 * it, it has a name for every SIMD instruction, relaxed ones included, and its output is optimized by Binaryen and
 * contains neither a runtime nor a garbage collector. Of the other toolchains, wabt requires hand-written WebAssembly,
 * and C compilers are not available from npm.
 */
export { pass } from './pass';
export { multiplyAdds } from './peak';
export { train } from './threads';
export { squareSum, update } from './update';

/** The first byte that the host may use. */
export function heapBase(): usize {
  return __heap_base;
}
