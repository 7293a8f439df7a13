/** Who is measured in browsers: nudge, the other libraries, and forms of these that only this benchmark has. */
import type { LibraryName } from '../../src/benchmark/peers/libraries.ts';
import { browserPeers, peers } from '../../src/benchmark/result/sides.ts';

export interface ContenderDescription {
  readonly name: string;
  /** The line of the report that it counts for; of several contenders for one line, the faster counts. */
  readonly line: string;
  /** What it is, for the report of raw figures. */
  readonly title: string;
  readonly computesOn: 'gpu' | 'cpu';
}

export type ContenderName = 'nudge-webgpu' | 'nudge-cpu' | LibraryName;

const oneThread = (name: 'tfjs-wasm' | 'jax-wasm') => {
  const { title: line, computesOn } = peers[name];
  return { name: `${name}-one-thread` as const, line, title: `${line}, one thread`, computesOn };
};
const tfjsCpu = 'TensorFlow.js, plain JavaScript';

export const contenders: readonly (ContenderDescription & { readonly name: ContenderName })[] = [
  {
    ...{ name: 'nudge-webgpu', line: 'nudge, WebGPU', title: 'nudge, WebGPU engine' },
    computesOn: 'gpu',
  },
  { name: 'nudge-cpu', line: 'nudge, CPU', title: 'nudge, CPU engine', computesOn: 'cpu' },
  ...browserPeers.map((name) => ({ ...peers[name], name, line: peers[name].title })),
  oneThread('tfjs-wasm'),
  oneThread('jax-wasm'),
  { name: 'tfjs-cpu', line: tfjsCpu, title: tfjsCpu, computesOn: 'cpu' },
];

/** The packages of the peers, whose versions belong to every result. */
export const peerPackages = [
  '@tensorflow/tfjs-core',
  '@tensorflow/tfjs-backend-webgpu',
  '@tensorflow/tfjs-backend-wasm',
  '@tensorflow/tfjs-backend-cpu',
  '@jax-js/jax',
] as const;
