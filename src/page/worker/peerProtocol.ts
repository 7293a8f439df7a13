/** What the benchmark's worker and the worker of another library say to each other. */
import type { PeerName } from '../../benchmark/result/schema.ts';
import type { Dataset } from '../../data/dataset.ts';
import type { NetworkOptions } from '../../network/network.ts';

export type PeerRequest =
  | { readonly type: 'load'; readonly name: PeerName }
  | {
      readonly type: 'learn';
      readonly shape: NetworkOptions;
      /** In the layout of `parameterLayout`. */
      readonly parameters: Float32Array;
      readonly training: Dataset;
      readonly batchSize: number;
      readonly learningRate: number;
    }
  | { readonly type: 'train'; readonly steps: number };

export type PeerAnswer =
  /** The value of `train` is a cost; that of the others means nothing. */
  | { readonly type: 'done'; readonly value: number }
  | { readonly type: 'failed'; readonly message: string };
