/** A process that runs checks with other shaders. The program that starts it ends it when a shader hangs. */
import { fork, type ChildProcess, type ForkOptions } from 'node:child_process';
import { once } from 'node:events';

import { Device } from '../../src/gpu/device.ts';
import { createGpu } from '../../src/node/dawn.ts';
import { mutantCases } from './cases.ts';

interface Task {
  /** Index of the case. */
  readonly index: number;
  /** The shader in the place of its own; undefined keeps that. */
  readonly code?: string;
}

export interface Outcome {
  /** The largest error relative to its bound; undefined if the case threw. */
  readonly share?: number;
  readonly error?: string;
  /** The shader of the kernel. */
  readonly code: string;
  readonly ms: number;
}

/** Every check ends within this time with any shader, or hangs. */
const limitMs = 60_000;

// Errors may be infinite, which JSON does not know.
const options: ForkOptions = { execArgv: ['--import', 'tsx'], serialization: 'advanced' };

export class Worker {
  #process: ChildProcess | undefined;

  /** @returns undefined if the process hung or died; the next call starts another */
  async run(task: Task): Promise<Outcome | undefined> {
    this.#process ??= fork(import.meta.filename, ['worker'], options);
    const running = this.#process;
    const ended = new AbortController();
    const signal = AbortSignal.any([ended.signal, AbortSignal.timeout(limitMs)]);
    const nothing = () => undefined;
    running.send(task);
    const answer = await Promise.race([
      once(running, 'message', { signal }).then(([outcome]) => outcome as Outcome, nothing),
      once(running, 'exit', { signal }).then(nothing, nothing),
    ]);
    ended.abort();
    if (!answer) this.dispose();
    return answer;
  }

  dispose(): void {
    this.#process?.kill('SIGKILL');
    this.#process = undefined;
  }
}

async function serve(): Promise<void> {
  const device = await Device.request({ gpu: await createGpu(), timeoutMs: limitMs });
  const cases = mutantCases(device);
  const create = device.gpu.createShaderModule.bind(device.gpu);
  let replaced: string | undefined;
  let seen = '';
  Object.defineProperty(device.gpu, 'createShaderModule', {
    value: ({ code, ...rest }: GPUShaderModuleDescriptor) => {
      seen = code;
      return create({ ...rest, code: replaced ?? code });
    },
  });
  const run = async ({ index, code }: Task): Promise<Outcome> => {
    replaced = code;
    const start = performance.now();
    const outcome = await cases[index]!.run(device).then(
      (share) => ({ share }),
      (error: unknown) => ({ error: String(error) }),
    );
    return { ...outcome, code: seen, ms: performance.now() - start };
  };
  process.on('message', (task: Task) => {
    void run(task).then((outcome) => process.send!(outcome));
  });
  process.on('disconnect', () => process.exit());
}

if (process.argv[1] === import.meta.filename && process.argv[2] === 'worker') await serve();
