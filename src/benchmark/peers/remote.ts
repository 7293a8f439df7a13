/** A library in a worker or a process of its own: the requests that it takes, and the contender that sends them. */
import type { PlainNetworkOptions } from '../../network/network.ts';
import type { Contender, LearningTask } from './contender.ts';

/** Plain data. `load` comes first, then `learn`. Each request waits for the answer to the one before. */
export type PeerRequest =
  | { readonly type: 'load'; readonly name: string }
  | ({
      readonly type: 'learn';
      readonly shape: PlainNetworkOptions;
      /** In the layout of `parameterLayout`. */
      readonly parameters: Float32Array;
    } & Omit<LearningTask, 'network'>)
  | { readonly type: 'train'; readonly steps: number }
  | { readonly type: 'form' };

/** The answer to `train`. */
export interface Trained {
  readonly cost: number;
  /** Timed where the library runs, so that the message there and back does not count. */
  readonly seconds: number;
}

export type PeerAnswer =
  | { readonly type: 'done'; readonly value?: unknown }
  | { readonly type: 'failed'; readonly message: string };

/** The line to the worker or process. */
export interface PeerLine {
  /** @throws what the library throws, or an error that says how the worker or process ended */
  ask(request: PeerRequest): Promise<unknown>;
  /** Ends the worker or process. */
  end(): void;
}

/** Loads a library in the worker or process. @throws what the library throws when it does not start */
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
        form: async () => (await line.ask({ type: 'form' })) as string | undefined,
        dispose: () => line.end(),
      };
    },
  };
}
