/** The kernels' builds, compiled: the better one that this runtime takes. */
import * as binary from './binary.ts';

/** Names of the builds, the better one first. */
export const builds = ['relaxed-simd', 'simd'] as const;
/** `relaxed-simd` has fused multiply-add, `simd` the instructions that every browser has had since 2023. */
export type Build = (typeof builds)[number];

/** What a module exports; see `assembly/index.ts`. Addresses and sizes are bytes. */
export interface Kernels {
  heapBase(): number;
  pass(
    context: number,
    samples: number,
    count: number,
    isTraining: boolean,
    isAdded: boolean,
  ): void;
  /** Makes the steps that the control structure asks for, as one of its threads. */
  train(control: number, thread: number): void;
  squareSum(from: number, to: number): number;
  /** @returns 1 where all that it made is finite, 0 where not */
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
 * The builds that this runtime takes, the better one first. None where it has no WebAssembly, or none with SIMD, or
 * the page's policy forbids it.
 */
export function supportedBuilds(): readonly Build[] {
  return typeof WebAssembly === 'object'
    ? builds.filter((build) => WebAssembly.validate(bytesOf(build)))
    : [];
}

const compiled = new Map<string, Promise<WebAssembly.Module>>();

/**
 * Compiles a build, once for all engines.
 * @param isShared whether its memory is to be one that threads can share
 * @throws {WebAssembly.CompileError} where the runtime does not take it, or a page's policy forbids WebAssembly
 */
export async function compileBuild(build: Build, isShared: boolean): Promise<WebAssembly.Module> {
  const key = `${build} ${isShared}`;
  let module = compiled.get(key);
  if (!module) {
    const bytes = bytesOf(build);
    if (!isShared) bytes[memoryFlagsAt(bytes)]! &= ~sharedFlag;
    module = WebAssembly.compile(bytes);
    compiled.set(key, module);
    // A later try may find other rules.
    module.catch(() => compiled.delete(key));
  }
  return await module;
}

/** Gives a module its memory. */
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
 * Where the flags of the imported memory stand. The binary format says whether a memory is shared in the import
 * itself, and is the same in all else.
 */
function memoryFlagsAt(bytes: Uint8Array): number {
  // Behind the magic number and the version: the section of types, then that of imports, of which there is one.
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
