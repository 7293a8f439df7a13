/** The worker of one other library. */
import type { Contender, Learner } from '../../benchmark/peers/contender.ts';
import { loadLibrary } from '../../benchmark/peers/libraries.ts';
import { Network } from '../../network/network.ts';
import type { PeerAnswer, PeerRequest } from './peerProtocol.ts';

let library: Contender | undefined;
let learner: Learner | undefined;

addEventListener('message', ({ data }: MessageEvent<PeerRequest>) => {
  const answer = (text: PeerAnswer) => postMessage(text);
  perform(data).then(
    (value) => answer({ type: 'done', value }),
    (error: unknown) => answer({ type: 'failed', message: (error as Error).message }),
  );
});

async function perform(request: PeerRequest): Promise<number> {
  switch (request.type) {
    case 'load':
      library = await loadLibrary(request.name);
      return 0;
    case 'learn': {
      const { shape, parameters, ...task } = request;
      const network = new Network(shape).withParameters(Float32Array.from(parameters));
      learner = await library!.learn({ ...task, network });
      return 0;
    }
    case 'train':
      return await learner!.train(request.steps);
  }
}
