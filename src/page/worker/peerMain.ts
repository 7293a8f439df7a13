/** The script of the worker that runs one other library. */
import type { Contender, Learner } from '../../benchmark/peers/contender.ts';
import { loadLibrary } from '../../benchmark/peers/libraries.ts';
import type { PeerAnswer, PeerRequest } from '../../benchmark/peers/remote.ts';
import type { BrowserPeerName } from '../../benchmark/result/backends.ts';
import { Network } from '../../network/network.ts';

let library: Contender | undefined;
let learner: Learner | undefined;

addEventListener('message', ({ data }: MessageEvent<PeerRequest>) => {
  const answer = (text: PeerAnswer) => postMessage(text);
  perform(data).then(
    (value) => answer({ type: 'done', value }),
    (error: unknown) => answer({ type: 'failed', message: (error as Error).message }),
  );
});

async function perform(request: PeerRequest): Promise<unknown> {
  switch (request.type) {
    case 'load':
      library = await loadLibrary(request.name as BrowserPeerName);
      return undefined;
    case 'learn': {
      const { shape, parameters, ...task } = request;
      const network = new Network(shape).withParameters(Float32Array.from(parameters));
      learner = await library!.learn({ ...task, network });
      return undefined;
    }
    case 'train': {
      const start = performance.now();
      const cost = await learner!.train(request.steps);
      return { cost, seconds: (performance.now() - start) / 1000 };
    }
    case 'form':
      return await learner!.form?.();
  }
}
