/** What the CPU engine does when any of its workers cannot be made, ends, fails or never answers, at any message. */
import { createHash } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { fileOrder } from '../../src/data/shuffle.ts';
import { TrainingCursor } from '../../src/engine/cursor.ts';
import { adam } from '../../src/engine/optimizers.ts';
import { Network } from '../../src/network/network.ts';
import { randomDataset, testRandom } from '../support/networks.ts';

const { Worker } = process.getBuiltinModule('node:worker_threads');

type FaultKind =
  /** It cannot be made, or a message cannot be sent to it. */
  | 'refused'
  /** It throws what nothing catches. */
  | 'throws'
  | 'ends'
  /** It answers that the request failed. */
  | 'fails'
  | 'unreadable'
  /** It never answers again. */
  | 'mute';

/** The workers of a run, in which the k-th call fails: a new worker or a message to one, counted from 1. */
class Run {
  readonly workers: FaultyWorker[] = [];
  calls = 0;
  /** The call that failed. */
  failed: string | undefined;
  readonly #k: number;
  readonly #kind: FaultKind;

  constructor(k: number, kind: FaultKind) {
    this.#k = k;
    this.#kind = kind;
  }

  fault(call: string): FaultKind | undefined {
    if (++this.calls !== this.#k) return undefined;
    this.failed = call;
    return this.#kind;
  }
}

let run: Run;

class FaultyWorker extends Worker {
  isMute = false;
  isOver = false;
  /** Whether it keeps the process alive. */
  isHeld = true;

  constructor(...args: ConstructorParameters<typeof Worker>) {
    const fault = run.fault('new Worker');
    if (fault === 'refused') throw new Error('made up');
    super(...args);
    run.workers.push(this);
    this.once('exit', () => (this.isOver = true));
    if (fault) this.#break(fault);
  }

  override postMessage(message: { readonly call?: string }): void {
    const fault = this.isMute ? undefined : run.fault(message.call ?? Object.keys(message).join());
    if (fault) this.#break(fault);
    else if (!this.isMute) super.postMessage(message);
  }

  override ref(): void {
    this.isHeld = true;
    super.ref();
  }

  override unref(): void {
    this.isHeld = false;
    super.unref();
  }

  #break(kind: FaultKind): void {
    if (kind === 'refused') throw new DOMException('made up', 'DataCloneError');
    this.isMute = true;
    // Later, as events come.
    setImmediate(() => {
      if (kind === 'throws') this.emit('error', new Error('made up'));
      if (kind === 'throws' || kind === 'ends') void this.terminate();
      if (kind === 'fails') this.emit('message', { error: 'made up' });
      if (kind === 'unreadable') this.emit('messageerror', new Error('made up'));
    });
  }
}

const network = new Network({ layers: [12, 7, 4], initializer: 'normal' });
const dataset = randomDataset(testRandom(1), 60, 12, 4);
const options = { network, batchSize: 60, optimizer: adam() };

/** A fresh copy of the engine, which has no idle threads of other tests. */
let engines: typeof import('../../src/cpu/engine.ts');
beforeAll(async () => {
  const builtin = process.getBuiltinModule.bind(process);
  vi.spyOn(process, 'getBuiltinModule').mockImplementation((name: string) =>
    name === 'node:worker_threads' ? { Worker: FaultyWorker } : builtin(name),
  );
  vi.resetModules();
  engines = await import('../../src/cpu/engine.ts');
});
afterAll(() => {
  vi.restoreAllMocks();
  vi.resetModules();
});

/** The digest of what two engines give, one after another: the second takes the threads of the first. */
async function everything(): Promise<string> {
  const hash = createHash('sha256');
  for (let n = 0; n < 2; n++) {
    const engine = await engines.createCpuEngine(options, { threads: 2 });
    try {
      await engine.load(dataset);
      engine.beginEpoch(fileOrder(dataset.sampleCount), new TrainingCursor());
      await engine.run(1);
      if (n === 0) hash.update(JSON.stringify(await engine.evaluate(dataset)));
      hash.update(await engine.readParameters());
    } finally {
      await engine.dispose();
      // The threads are released after that.
      await vi.waitUntil(isSettled, { timeout: 5_000 });
    }
  }
  return hash.digest('hex');
}

/** What is waited for 5 s is waited for 30 ms once a call has failed; a thread starts within 60 ms. */
async function withShortTimers(work: () => Promise<void>): Promise<void> {
  const { setInterval, clearInterval } = globalThis;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  const ticks = setInterval(() => {
    if (run.failed !== undefined) vi.advanceTimersByTime(5_000);
  }, 30);
  try {
    await work();
  } finally {
    clearInterval(ticks);
    vi.useRealTimers();
  }
}

const alive = () => run.workers.filter(({ isOver }) => !isOver);
/** Sound threads may stay for the next engine. They do not keep the process alive. */
const isSettled = () =>
  alive().length <= 2 && alive().every(({ isHeld, isMute }) => !isHeld && !isMute);

/** Ends the idle threads, so that the next run starts its own. */
async function clear(): Promise<void> {
  await Promise.all(run.workers.map((worker) => worker.terminate()));
}

describe('when one worker of the CPU engine fails, at whichever call', () => {
  let undisturbed: string;
  beforeAll(async () => {
    run = new Run(0, 'ends');
    undisturbed = await everything();
    await clear();
  });

  it.each<FaultKind>(['refused', 'throws', 'ends', 'fails', 'unreadable', 'mute'])(
    '%s: the same bits or one typed error, and no worker is left',
    async (kind) => {
      for (let k = 1; ; k++) {
        run = new Run(k, kind);
        const attempt = async () => {
          const outcome = await everything().catch((error: unknown) => error);
          const where = `call ${k}, ${run.failed}: ${String(outcome)}`;
          // Errors are told by their names, because this copy of the engine has classes of its own.
          const names = ['ThreadLostError', 'NoThreadsError'];
          const isTyped = outcome instanceof Error && names.includes(outcome.name);
          expect(isTyped || outcome === undisturbed, where).toBe(true);
          await vi.waitUntil(isSettled, { timeout: 2_000 }).catch(() => {
            const left = alive().map(({ isHeld, isMute }) => ({ isHeld, isMute }));
            expect.fail(`${where}: left ${JSON.stringify(left)}`);
          });
        };
        await (kind === 'mute' ? withShortTimers(attempt) : attempt());
        await clear();
        if (run.failed === undefined) break;
      }
      expect(run.calls).toBeGreaterThan(10);
    },
  );
});
