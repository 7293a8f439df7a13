/** PyTorch and NumPy beside nudge. Each runs in a process of its own, which runs python/peers.py. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

import {
  loadRemote,
  type PeerAnswer,
  type PeerLine,
  type PeerRequest,
} from '../benchmark/peers/remote.ts';
import { peerNames, type PeerName } from '../benchmark/result/backends.ts';
import type { LoadPeer } from '../benchmark/peerRun.ts';
import type { PeerQuestion } from '../page/jobs/benchArguments.ts';

/** `describe` returns a {@link PythonDescription} without its warnings. */
export type PythonRequest = PeerRequest | { readonly type: 'describe' };

/** A Python library, and how fast it multiplies matrices. */
export interface PythonLibrary {
  readonly library: string;
  /** The library that multiplies for it: 'OpenBLAS', 'MKL', 'reference BLAS', …; null where that is unknown. */
  readonly blas: string | null;
  /** GFLOP/s in a product of 512 × 512. */
  readonly gigaflops: number;
  /** GFLOP/s of an element-wise multiplication by NumPy, which the product is compared with. */
  readonly elementGigaflops: number;
}

export interface PythonDescription {
  readonly libraries: readonly PythonLibrary[];
  /** Backends of `nudge bench --peers` that this Python can run. */
  readonly backends: readonly string[];
  /** Sentences that say what cannot be measured, and why. */
  readonly notes: readonly string[];
  /** Sentences that say which library is slower here than it could be. */
  readonly warnings: readonly string[];
}

/** Never throws: a missing Python is reported as a note. @param executable the interpreter */
export async function describePython(executable: string): Promise<PythonDescription> {
  const python = new PythonPeer(executable);
  try {
    const found = (await python.ask({ type: 'describe' })) as Omit<PythonDescription, 'warnings'>;
    return { ...found, warnings: found.libraries.flatMap((library) => blasWarning(library) ?? []) };
  } catch (error) {
    const note = `Python's libraries were not measured: ${(error as Error).message}.`;
    return { libraries: [], backends: [], notes: [note], warnings: [] };
  } finally {
    python.end();
  }
}

/** The backends that a Python can run, in the order of the table of backends. */
export function pythonBackends({ backends }: PythonDescription): readonly PeerName[] {
  return peerNames.filter((name) => backends.includes(name));
}

/** Products of an optimised BLAS make at least so many times the GFLOP/s of NumPy's element-wise multiplication. */
const minGain = 2;

/** What to tell of a library whose matrix products are far from what this machine can do; undefined of a fast one. */
export function blasWarning(library: PythonLibrary): string | undefined {
  const { library: name, blas, gigaflops, elementGigaflops } = library;
  const rate = `${gigaflops.toFixed(1)} GFLOP/s in a product of 512 × 512`;
  if (blas === 'reference BLAS') {
    return `${name} uses the reference BLAS (${rate}), tens of times slower than OpenBLAS: install libopenblas0 and run again.`;
  }
  if (gigaflops < minGain * elementGigaflops) {
    return (
      `${name} makes ${rate}, and ${elementGigaflops.toFixed(1)} where it multiplies element by element: its BLAS ` +
      `(${blas ?? 'unknown'}) is not optimised, or something else keeps the cores busy. Install OpenBLAS or free the machine, and run again.`
    );
  }
  return undefined;
}

/** @param executable the interpreter; false where Python was left out */
export function pythonLoader(executable: string | false): LoadPeer {
  return (name) => loadRemote(startPython(executable), name);
}

function startPython(executable: string | false): PythonPeer {
  if (executable === false) throw new Error('--no-python leaves it out');
  return new PythonPeer(executable);
}

/** Answers what a page asks of libraries that Node has. */
export class PythonPeers {
  readonly #executable: string | false;
  readonly #lines = new Map<number, PythonPeer>();

  constructor(executable: string | false) {
    this.#executable = executable;
  }

  async answer({ peer, request }: PeerQuestion): Promise<unknown> {
    if (request.type === 'load') this.#lines.set(peer, startPython(this.#executable));
    if (request.type !== 'end') return await this.#lines.get(peer)!.ask(request);
    this.#lines.get(peer)?.end();
    return undefined;
  }

  end(): void {
    for (const line of this.#lines.values()) line.end();
  }
}

const program = fileURLToPath(new URL('./python/peers.py', import.meta.url));

/** JSON, with typed arrays as base64. */
function textOf(request: PythonRequest): string {
  return JSON.stringify(request, (_key, part: unknown) => {
    if (!ArrayBuffer.isView(part)) return part;
    const bytes = Buffer.from(part.buffer, part.byteOffset, part.byteLength);
    return { base64: bytes.toString('base64') };
  });
}

/** JSON, in which numbers that are not finite have names: a cost of NaN must not arrive as null. */
function answerIn(line: string): PeerAnswer {
  return JSON.parse(line, (_key, part: unknown) => {
    const { $number } = Object(part) as { $number?: string };
    return $number === undefined ? part : Number($number);
  }) as PeerAnswer;
}

/** A process, which is asked one thing at a time. It ends with this one at the latest. */
export class PythonPeer implements PeerLine {
  readonly #input: Writable;
  readonly #kill: () => void;
  #waiting: { resolve(value: unknown): void; reject(error: Error): void } | undefined;
  #failure: Error | undefined;
  /** The last of what it said on standard error. */
  #said = '';

  constructor(executable: string) {
    // Without -B, Python would write beside its program.
    const child = spawn(executable, ['-B', program], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#input = child.stdin;
    this.#kill = () => child.kill('SIGKILL');
    process.once('exit', this.#kill);
    // Where the process has ended, that is told of below.
    child.stdin.on('error', () => undefined);
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#said = (this.#said + text).slice(-2000);
    });
    createInterface({ input: child.stdout }).on('line', (line) => this.#take(line));
    child.on('error', ({ message }) => this.#fail(`${executable} does not start (${message})`));
    child.on('close', (code, killedBy) => {
      const last = this.#said.trim().split('\n').at(-1) ?? '';
      this.#fail(`${executable} ended with ${killedBy ?? `code ${code ?? ''}`} (${last})`);
    });
  }

  /** @throws what the library throws, and an error that says how the process ended */
  ask(request: PythonRequest): Promise<unknown> {
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#input.write(`${textOf(request)}\n`);
    });
  }

  end(): void {
    this.#fail('it was ended');
    this.#kill();
  }

  #take(line: string): void {
    try {
      const answer = answerIn(line);
      if (answer.type === 'done') this.#waiting?.resolve(answer.value ?? undefined);
      else this.#waiting?.reject(new Error(answer.message));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      this.#fail(`it answered '${line.slice(0, 100)}'`);
      this.#kill();
    }
  }

  #fail(reason: string): void {
    this.#failure ??= new Error(reason);
    this.#waiting?.reject(this.#failure);
    process.off('exit', this.#kill);
  }
}
