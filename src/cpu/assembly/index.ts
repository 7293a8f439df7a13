/**
 * What the host calls. It is written in AssemblyScript: of the toolchains that npm brings, it is the one whose sources
 * TypeScript engineers read without learning anything, that gives every SIMD instruction a name, relaxed ones
 * included, and whose output, optimized by Binaryen, has neither a runtime nor a garbage collector in it. wabt would
 * have asked for WebAssembly by hand, and a C compiler cannot be had from npm.
 */
export { pass } from './pass';
export { multiplyAdds } from './peak';
export { train } from './threads';
export { squareSum, update } from './update';

/** The first byte that the host may use. */
export function heapBase(): usize {
  return __heap_base;
}
