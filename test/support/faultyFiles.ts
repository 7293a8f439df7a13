/**
 * A file system in which calls fail: the functions of `node:fs/promises` and of the files that they open, counted from 1. It shows
 * what a program does when its k-th call is refused:
 *
 *     for (let k = 1; ; k++) {
 *       const files = new FaultyFiles((call) => (call === k ? 'ENOSPC' : undefined));
 *       … run the program within `files.during(…)`, and look at what it gives, throws, and leaves on the disk …
 *       if (files.failed.length === 0) break; // The program needs fewer calls.
 *     }
 *
 * A call that fails does nothing, but a file is closed, and half of what should be written is written. A call that works does what it
 * does elsewhere, but nothing is synced, which takes long: no test takes the power away.
 */
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

/** The codes of errors that any call may end with. */
export const faultCodes = ['ENOSPC', 'EIO', 'EACCES', 'EMFILE'] as const;
export type FaultCode = (typeof faultCodes)[number];

type Method = (...args: unknown[]) => unknown;
type Methods = Record<string, Method>;

const fileMethods = ['chmod', 'close', 'read', 'readFile', 'stat', 'sync', 'write', 'writeFile'];

export class FaultyFiles {
  /** Calls so far, of any kind. */
  calls = 0;
  /** The calls that failed, by name. */
  readonly failed: string[] = [];
  /** Files that were opened and not closed. */
  openFiles = 0;
  readonly #faultOf: (call: number) => FaultCode | undefined;

  /** @param faultOf how a call fails; undefined for a call that works. Default: all work */
  constructor(faultOf: (call: number) => FaultCode | undefined = () => undefined) {
    this.#faultOf = faultOf;
  }

  /** Runs a program on this file system. Nothing else of this process may use files meanwhile. */
  async during<T>(run: () => Promise<T>): Promise<T> {
    const module = fs as unknown as Methods;
    const real = { ...module };
    for (const [name, method] of Object.entries(real)) {
      if (typeof method !== 'function') continue;
      module[name] = this.#counted(name, method);
    }
    syncBuiltinESMExports();
    try {
      return await run();
    } finally {
      Object.assign(module, real);
      syncBuiltinESMExports();
    }
  }

  #counted(name: string, method: Method): Method {
    return async (...args) => {
      await this.#attempt(name, async () => {
        if (name === 'writeFile') await method(args[0], half(args[1]), ...args.slice(2));
      });
      const result = await method(...args);
      if (name === 'open') this.#watch(result as Methods);
      return result;
    };
  }

  #watch(file: Methods): void {
    this.openFiles++;
    for (const name of fileMethods) {
      const method = file[name]!.bind(file);
      file[name] = async (...args) => {
        if (name === 'close') {
          await method();
          this.openFiles--;
        }
        await this.#attempt(`file.${name}`, async () => {
          if (name === 'writeFile') await method(half(args[0]));
        });
        if (name !== 'close' && name !== 'sync') return await method(...args);
      };
    }
  }

  /** @param spoil what a call that fails has done nevertheless */
  async #attempt(name: string, spoil: () => Promise<void>): Promise<void> {
    const code = this.#faultOf(++this.calls);
    if (code === undefined) return;
    this.failed.push(name);
    await spoil();
    throw Object.assign(new Error(`${code}: made up, ${name}`), { code, syscall: name });
  }
}

function half(content: unknown): unknown {
  const { length } = content as Uint8Array | string;
  return (content as Uint8Array | string).slice(0, length >> 1);
}
