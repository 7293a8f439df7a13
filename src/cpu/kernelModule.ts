/** Selects and compiles a build of the kernels. */
import * as binary from './binary.ts';

/** Names of the builds, the better one first. */
export const builds = ['relaxed-simd', 'simd'] as const;
/** `relaxed-simd` uses fused multiply-add. `simd` uses only instructions that all browsers have had since 2023. */
export type Build = (typeof builds)[number];

/** The exports of a module; see `assembly/index.ts`. Addresses and sizes are in bytes. */
export interface Kernels {
  heapBase(): number;
  pass(
    context: number,
    samples: number,
    count: number,
    isTraining: boolean,
    isAdded: boolean,
  ): void;
  /** Makes the steps of the command in the control structure, as one of its threads. */
  train(control: number, thread: number): void;
  squareSum(from: number, to: number): number;
  /** @returns 1 if all new values are finite, otherwise 0 */
  update(
    updateScalars: number,
    scale: number,
    parameters: number,
    gradient: number,
    first: number,
    second: number,
    bytes: number,
  ): number;
  multiplyAdds(room: number, rounds: number): number;
}

/**
 * The builds that this runtime supports, the better one first. The list is empty if the runtime has no WebAssembly SIMD,
 * or a page's policy forbids it.
 */
export function supportedBuilds(): readonly Build[] {
  return typeof WebAssembly === 'object'
    ? builds.filter((build) => WebAssembly.validate(bytesOf(build)))
    : [];
}

const compiled = new Map<string, Promise<WebAssembly.Module>>();

/**
 * Compiles a build, once for all engines.
 * @param isShared whether threads will share the memory
 * @throws {WebAssembly.CompileError} when the runtime does not support the build, or a page's policy forbids
 *   WebAssembly
 */
export async function compileBuild(build: Build, isShared: boolean): Promise<WebAssembly.Module> {
  const key = `${build} ${isShared}`;
  let module = compiled.get(key);
  if (!module) {
    const bytes = bytesOf(build);
    if (!isShared) bytes[memoryFlagsAt(bytes)]! &= ~sharedFlag;
    module = WebAssembly.compile(bytes);
    compiled.set(key, module);
    // A failure is not cached, because a later try may succeed.
    module.catch(() => compiled.delete(key));
  }
  return await module;
}

/** Instantiates a module with its memory. */
export async function instantiate(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
): Promise<Kernels> {
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  return exports as unknown as Kernels;
}

function bytesOf(build: Build): Uint8Array<ArrayBuffer> {
  const text = build === 'simd' ? binary.simd : binary.relaxedSimd;
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

const sharedFlag = 2;

/**
 * The byte offset of the imported memory's flags. Modules with shared and unshared memory differ only in these flags,
 * so one binary serves for both.
 */
function memoryFlagsAt(bytes: Uint8Array): number {
  // The type section follows the magic number and the version. Then comes the import section, with one import.
  let at = 8;
  const readSize = () => {
    let size = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!;
      size |= (byte & 127) << shift;
      if (byte < 128) return size;
    }
  };
  const skip = () => {
    const size = readSize();
    at += size;
  };
  at++;
  skip();
  at++;
  readSize();
  readSize();
  skip();
  skip();
  return at + 1;
}
