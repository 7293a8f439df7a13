/** Who is measured in browsers: nudge, the other libraries, and forms of these that only this benchmark has. */
import type { LibraryName } from '../../src/benchmark/peers/libraries.ts';
import { browserPeers, peers } from '../../src/benchmark/result/backends.ts';

export interface ContenderDescription {
  readonly name: string;
  /** The line of the report that it counts for; of several contenders for one line, the faster counts. */
  readonly line: string;
  /** What it is, for the report of raw figures. */
  readonly title: string;
  readonly computesOn: 'gpu' | 'cpu';
  /** Whether it has a product of matrices to show; nudge's CPU engine has no kernel that is that and nothing else. */
  readonly multiplies: boolean;
}

export type ContenderName = 'nudge-webgpu' | 'nudge-cpu' | LibraryName;

const contender = (name: ContenderName, line: string, computesOn: 'gpu' | 'cpu', form = '') => ({
  name,
  line,
  title: `${line}${form}`,
  computesOn,
  multiplies: name !== 'nudge-cpu',
});

export const contenders: readonly (ContenderDescription & { readonly name: ContenderName })[] = [
  contender('nudge-webgpu', 'nudge, WebGPU', 'gpu'),
  contender('nudge-cpu', 'nudge, CPU', 'cpu'),
  ...browserPeers.map((name) => contender(name, peers[name].title, peers[name].computesOn)),
  contender('tfjs-wasm-one-thread', peers['tfjs-wasm'].title, 'cpu', ', one thread'),
  contender('jax-wasm-one-thread', peers['jax-wasm'].title, 'cpu', ', one thread'),
  contender('tfjs-cpu', 'TensorFlow.js, plain JavaScript', 'cpu'),
];

/** The packages of the peers, whose versions belong to every result. */
export const peerPackages = [
  '@tensorflow/tfjs-core',
  '@tensorflow/tfjs-backend-webgpu',
  '@tensorflow/tfjs-backend-wasm',
  '@tensorflow/tfjs-backend-cpu',
  '@jax-js/jax',
] as const;
