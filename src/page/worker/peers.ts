/**
 * The other libraries beside nudge, as bench/peers drives them: loaded only where somebody asks for them, and each in a
 * worker of its own, since TensorFlow.js has one backend at a time for all that runs in a place.
 */
import type { LoadPeer, PeerLearner } from '../../benchmark/peerRun.ts';
import type { PeerName } from '../../benchmark/result/schema.ts';
import type { PeerAnswer, PeerRequest } from './peerProtocol.ts';
import { trustOwnScripts } from './trust.ts';

export const loadPeer: LoadPeer = async (name) => {
  const worker = new PeerWorker(name);
  try {
    await worker.ask({ type: 'load', name });
  } catch (error) {
    worker.end();
    throw error;
  }
  return {
    async learn({ network, training, batchSize, learningRate }): Promise<PeerLearner> {
      const { layers, activation, output, cost } = network;
      const shape = { layers, activation, output, cost };
      const { parameters } = network;
      await worker.ask({ type: 'learn', shape, parameters, training, batchSize, learningRate });
      return {
        train: (steps) => worker.ask({ type: 'train', steps }),
        dispose: () => worker.end(),
      };
    },
  };
};

class PeerWorker {
  readonly #worker: Worker;
  #waiting: { resolve(value: number): void; reject(error: Error): void } | undefined;

  constructor(name: PeerName) {
    trustOwnScripts();
    this.#worker = new Worker(new URL('./peerMain.ts', import.meta.url), { type: 'module', name });
    this.#worker.onmessage = ({ data }: MessageEvent<PeerAnswer>) => {
      if (data.type === 'done') this.#waiting?.resolve(data.value);
      else this.#waiting?.reject(new Error(data.message));
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#waiting?.reject(new Error(event.message || 'its program could not be loaded'));
    };
  }

  /** One thing at a time. */
  ask(request: PeerRequest): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#worker.postMessage(request);
    });
  }

  end(): void {
    this.#worker.terminate();
    this.#waiting?.reject(new Error('it was ended'));
  }
}
