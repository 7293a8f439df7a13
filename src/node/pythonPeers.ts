/** Runs PyTorch and NumPy for comparison, each in a process of its own with python/peers.py. */
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

/** A Python library and its speed of multiplying matrices. */
export interface PythonLibrary {
  readonly library: string;
  /** The BLAS that it uses: 'OpenBLAS', 'MKL', 'reference BLAS', …; null if unknown. */
  readonly blas: string | null;
  /** GFLOP/s in a product of 512 × 512. */
  readonly gigaflops: number;
  /** GFLOP/s of an element-wise multiplication by NumPy, for comparison with the product. */
  readonly elementGigaflops: number;
}

export interface PythonDescription {
  readonly libraries: readonly PythonLibrary[];
  /** Backends of `nudge bench --peers` that this Python can run. */
  readonly backends: readonly string[];
  /** Sentences about libraries that cannot be measured, with the reason. */
  readonly notes: readonly string[];
  /** Sentences about libraries that are slower here than they could be. */
  readonly warnings: readonly string[];
}

/** Describes the libraries of a Python. Never throws: a missing Python gives a note. @param executable the interpreter */
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

/** The backends that a Python can run, in the order of `peerNames`. */
export function pythonBackends({ backends }: PythonDescription): readonly PeerName[] {
  return peerNames.filter((name) => backends.includes(name));
}

/** An optimised BLAS reaches at least this multiple of the GFLOP/s of NumPy's element-wise multiplication. */
const minGain = 2;

/** A warning for a library whose matrix products are much slower than this machine allows; undefined for a fast one. */
export function blasWarning(library: PythonLibrary): string | undefined {
  const { library: name, blas, gigaflops, elementGigaflops } = library;
  const rate = `${gigaflops.toFixed(1)} GFLOP/s in a product of 512 × 512`;
  if (blas === 'reference BLAS') {
    return `${name} uses the reference BLAS (${rate}), which is tens of times slower than OpenBLAS. Install libopenblas0 and run again.`;
  }
  if (gigaflops < minGain * elementGigaflops) {
    return (
      `${name} reaches ${rate}, but ${elementGigaflops.toFixed(1)} in an element-wise multiplication. Its BLAS ` +
      `(${blas ?? 'unknown'}) is not optimised, or another program keeps the cores busy. Install OpenBLAS or free the machine, and run again.`
    );
  }
  return undefined;
}

/** Loads libraries in a Python. @param executable the interpreter; false if the user excluded Python */
export function pythonLoader(executable: string | false): LoadPeer {
  return (name) => loadRemote(startPython(executable), name);
}

function startPython(executable: string | false): PythonPeer {
  if (executable === false) throw new Error('--no-python excludes it');
  return new PythonPeer(executable);
}

/** Answers a page's requests to the Python libraries. */
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

/** A request as JSON, with typed arrays as base64. */
function textOf(request: PythonRequest): string {
  return JSON.stringify(request, (_key, part: unknown) => {
    if (!ArrayBuffer.isView(part)) return part;
    const bytes = Buffer.from(part.buffer, part.byteOffset, part.byteLength);
    return { base64: bytes.toString('base64') };
  });
}

/** Parses an answer. JSON has no NaN or infinity, so these numbers arrive as names. */
function answerIn(line: string): PeerAnswer {
  return JSON.parse(line, (_key, part: unknown) => {
    const { $number } = Object(part) as { $number?: string };
    return $number === undefined ? part : Number($number);
  }) as PeerAnswer;
}

/** A Python process that handles one request at a time. It ends at the latest when this process ends. */
export class PythonPeer implements PeerLine {
  readonly #input: Writable;
  readonly #kill: () => void;
  #waiting: { resolve(value: unknown): void; reject(error: Error): void } | undefined;
  #failure: Error | undefined;
  /** The end of its output on standard error. */
  #said = '';

  constructor(executable: string) {
    // Without -B, Python would write __pycache__ next to its program.
    const child = spawn(executable, ['-B', program], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#input = child.stdin;
    this.#kill = () => child.kill('SIGKILL');
    process.once('exit', this.#kill);
    // If the process has ended, 'close' below reports it.
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

  /** Sends a request and waits for the answer. @throws the library's error, or an error that says how the process ended */
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
