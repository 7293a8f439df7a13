/**
 * Connections to other libraries. Libraries for browsers get a worker each, because TensorFlow.js has one backend at a time
 * per thread. The others run in the Node program that drives the page.
 */
import type { LoadPeer } from '../../benchmark/peerRun.ts';
import {
  loadRemote,
  type PeerAnswer,
  type PeerLine,
  type PeerRequest,
} from '../../benchmark/peers/remote.ts';
import { peers } from '../../benchmark/result/backends.ts';
import type { PeerQuestion } from '../jobs/benchArguments.ts';
import type { Port, Reply } from './messages.ts';
import { trustOwnScripts } from './trust.ts';

/** @param page passes requests on to the Node program */
export function peerLoader(page: Port): LoadPeer {
  return (name) => {
    const line = peers[name].runsIn === 'browser' ? workerLine(name) : nodeLine(page);
    return loadRemote(line, name);
  };
}

function workerLine(name: string): PeerLine {
  trustOwnScripts();
  const worker = new Worker(new URL('./peerMain.ts', import.meta.url), { type: 'module', name });
  const line = new PortLine(worker, () => worker.terminate());
  worker.onerror = (event) => {
    event.preventDefault();
    line.fail(event.message || 'its script could not be loaded');
  };
  return line;
}

function nodeLine(page: Port): PeerLine {
  const { port1, port2 } = new MessageChannel();
  page.postMessage({ type: 'peer' } satisfies Reply, { transfer: [port2] });
  return new PortLine(port1, () => {
    port1.postMessage({ type: 'end' } satisfies PeerQuestion['request']);
    port1.close();
  });
}

class PortLine implements PeerLine {
  readonly #port: Port;
  readonly #close: () => void;
  #waiting: { resolve(value: unknown): void; reject(error: Error): void } | undefined;

  constructor(port: Port, close: () => void) {
    this.#port = port;
    this.#close = close;
    port.onmessage = ({ data }: MessageEvent<PeerAnswer>) => {
      if (data.type === 'done') this.#waiting?.resolve(data.value);
      else this.fail(data.message);
    };
  }

  ask(request: PeerRequest): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#port.postMessage(request);
    });
  }

  fail(reason: string): void {
    this.#waiting?.reject(new Error(reason));
  }

  end(): void {
    this.#close();
    this.fail('it was ended');
  }
}
