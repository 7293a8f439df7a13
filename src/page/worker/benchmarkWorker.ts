/** Starts the benchmark's worker, and connects it with the libraries in Node. */
import type { PeerAnswer } from '../../benchmark/peers/remote.ts';
import type { PeerQuestion } from '../jobs/benchArguments.ts';
import type { Tasks } from './protocol.ts';
import { TaskWorker } from './taskWorker.ts';
import { trustOwnScripts } from './trust.ts';

export type BenchmarkWorker = TaskWorker<Tasks>;

/** Asks the Node program that drives the page. */
export type AskBeyond = (question: PeerQuestion) => Promise<unknown>;

const name = 'benchmark';
let lastPeer = 0;

/**
 * Starts the worker. If the page has a GPU and workers have none, the page's own thread does the work, less smoothly.
 * @param hasAdapter whether the page found one
 * @param askBeyond undefined if no program drives the page
 * @throws {BrowserError} if it does not start
 */
export async function startBenchmarkWorker(
  hasAdapter: boolean,
  askBeyond?: AskBeyond,
): Promise<BenchmarkWorker> {
  trustOwnScripts();
  const program = new Worker(new URL('./main.ts', import.meta.url), {
    type: 'module',
    name: 'nudge benchmark',
  });
  const options = { name, connectPeer: (port: MessagePort) => connectPeer(port, askBeyond) };
  const worker = TaskWorker.of<Tasks>(program, options);
  if ((await worker.hasAdapter) || !hasAdapter) return worker;
  worker.end();
  const { serve } = await import('./serve.ts');
  const { tasks } = await import('./tasks.ts');
  const { port1, port2 } = new MessageChannel();
  const inPage = new TaskWorker<Tasks>(port1, { ...options, terminate: () => port1.close() });
  serve(port2, tasks);
  await inPage.hasAdapter;
  return inPage;
}

/** @returns ends the connection */
function connectPeer(port: MessagePort, askBeyond: AskBeyond | undefined): () => void {
  const peer = ++lastPeer;
  const ask = async (request: PeerQuestion['request']) => {
    if (!askBeyond) throw new Error('it runs with `nudge bench` only');
    return await askBeyond({ type: 'peer', peer, request });
  };
  port.onmessage = ({ data }: MessageEvent<PeerQuestion['request']>) => {
    const answer = (answer: PeerAnswer) => port.postMessage(answer);
    ask(data).then(
      (value) => answer({ type: 'done', value }),
      (error: unknown) => answer({ type: 'failed', message: (error as Error).message }),
    );
  };
  return () => void ask({ type: 'end' }).catch(() => undefined);
}
