/**
 * The other libraries beside nudge: loaded only where somebody asks for them, and each in a worker of its own, since
 * TensorFlow.js has one backend at a time for all that runs in a place.
 */
import type { LoadPeer } from '../../benchmark/peerRun.ts';
import {
  loadRemote,
  type PeerAnswer,
  type PeerLine,
  type PeerRequest,
} from '../../benchmark/peers/remote.ts';
import { trustOwnScripts } from './trust.ts';

export const loadPeer: LoadPeer = (name) => loadRemote(new WorkerLine(name), name);

class WorkerLine implements PeerLine {
  readonly #worker: Worker;
  #waiting: { resolve(value: unknown): void; reject(error: Error): void } | undefined;

  constructor(name: string) {
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

  ask(request: PeerRequest): Promise<unknown> {
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
