/** Who is measured. What each does stands in page/, one file a library. */

export interface ContenderDescription {
  readonly name: string;
  /** The line of the report that it counts for; of several contenders for one line, the faster counts. */
  readonly line: string;
  /** What it is, for the report of raw figures. */
  readonly title: string;
  readonly computesOn: 'gpu' | 'cpu';
}

export const contenders = [
  {
    name: 'nudge-webgpu',
    line: 'nudge webgpu',
    title: 'nudge, WebGPU engine',
    computesOn: 'gpu',
  },
  {
    name: 'nudge-cpu',
    line: 'nudge cpu',
    title: 'nudge, CPU engine',
    computesOn: 'cpu',
  },
  {
    name: 'tfjs-webgpu',
    line: 'TensorFlow.js webgpu',
    title: 'TensorFlow.js, webgpu backend',
    computesOn: 'gpu',
  },
  {
    name: 'jax-webgpu',
    line: 'jax-js webgpu',
    title: 'jax-js, webgpu device',
    computesOn: 'gpu',
  },
  {
    name: 'tfjs-wasm',
    line: 'TensorFlow.js wasm',
    title: 'TensorFlow.js, wasm backend with SIMD and threads',
    computesOn: 'cpu',
  },
  {
    name: 'tfjs-wasm-one-thread',
    line: 'TensorFlow.js wasm',
    title: 'TensorFlow.js, wasm backend with SIMD, one thread',
    computesOn: 'cpu',
  },
  {
    name: 'jax-wasm',
    line: 'jax-js wasm',
    title: 'jax-js, wasm device with threads',
    computesOn: 'cpu',
  },
  {
    name: 'jax-wasm-one-thread',
    line: 'jax-js wasm',
    title: 'jax-js, wasm device, one thread',
    computesOn: 'cpu',
  },
  {
    name: 'tfjs-cpu',
    line: 'TensorFlow.js cpu',
    title: 'TensorFlow.js, cpu backend',
    computesOn: 'cpu',
  },
] as const satisfies readonly ContenderDescription[];

export type ContenderName = (typeof contenders)[number]['name'];

/** The packages of the peers, whose versions belong to every result. */
export const peerPackages = [
  '@tensorflow/tfjs-core',
  '@tensorflow/tfjs-backend-webgpu',
  '@tensorflow/tfjs-backend-wasm',
  '@tensorflow/tfjs-backend-cpu',
  '@jax-js/jax',
] as const;
