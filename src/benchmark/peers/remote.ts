/** A library in another place, a worker or a process of its own: what it is asked, and the contender that asks it. */
import type { PlainNetworkOptions } from '../../network/network.ts';
import type { Contender, Form, LearningTask } from './contender.ts';

/** The first is `load`, the second `learn`; one at a time. Plain data. */
export type PeerRequest =
  | { readonly type: 'load'; readonly name: string }
  | ({
      readonly type: 'learn';
      readonly shape: PlainNetworkOptions;
      /** In the layout of `parameterLayout`. */
      readonly parameters: Float32Array;
    } & Omit<LearningTask, 'network' | 'test'>)
  | { readonly type: 'train'; readonly steps: number }
  | { readonly type: 'form' };

/** What `train` gives. */
export interface Trained {
  /** See `Learner.train`. */
  readonly cost: number;
  /** As the other place has timed it: the way there and back takes time, too. */
  readonly seconds: number;
}

/** How a request ended. */
export type PeerAnswer =
  | { readonly type: 'done'; readonly value?: unknown }
  | { readonly type: 'failed'; readonly message: string };

/** The line to another place. */
export interface PeerLine {
  /** @throws what the library throws, and an error where the other place is gone */
  ask(request: PeerRequest): Promise<unknown>;
  /** Ends the other place. */
  end(): void;
}

/** Loads a library over there. @throws what it throws that does not start */
export async function loadRemote(line: PeerLine, name: string): Promise<Contender> {
  try {
    await line.ask({ type: 'load', name });
  } catch (error) {
    line.end();
    throw error;
  }
  return {
    async learn({ network, training, batchSize, learningRate }) {
      const { layers, activation, output, cost, parameters } = network;
      const shape = { layers, activation, output, cost };
      await line.ask({ type: 'learn', shape, parameters, training, batchSize, learningRate });
      let trained: Trained | undefined;
      return {
        async train(steps) {
          trained = (await line.ask({ type: 'train', steps })) as Trained;
          return trained.cost;
        },
        seconds: () => trained?.seconds,
        form: async () => (await line.ask({ type: 'form' })) as Form | undefined,
        dispose: () => line.end(),
      };
    },
  };
}
