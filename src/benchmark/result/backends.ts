/** Names, titles and order of all backends: nudge's own and other libraries. */

/** One CPU thread, the fastest number of CPU threads, the GPU. */
export const ownBackends = ['cpu-1', 'cpu', 'webgpu'] as const;

/** Other libraries. Short links store a backend as its index, so append new ones. */
export const peers = {
  'tfjs-webgpu': { title: 'TensorFlow.js, WebGPU', computesOn: 'gpu', runsIn: 'browser' },
  'tfjs-wasm': { title: 'TensorFlow.js, WebAssembly', computesOn: 'cpu', runsIn: 'browser' },
  'jax-webgpu': { title: 'jax-js, WebGPU', computesOn: 'gpu', runsIn: 'browser' },
  'jax-wasm': { title: 'jax-js, WebAssembly', computesOn: 'cpu', runsIn: 'browser' },
  numpy: { title: 'NumPy', computesOn: 'cpu', runsIn: 'Python' },
  'torch-cpu': { title: 'PyTorch, CPU', computesOn: 'cpu', runsIn: 'Python' },
  'torch-cuda': { title: 'PyTorch, CUDA', computesOn: 'gpu', runsIn: 'Python' },
} as const;

export type OwnBackendName = (typeof ownBackends)[number];
export type PeerName = keyof typeof peers;
export type BrowserPeerName = {
  [Name in PeerName]: (typeof peers)[Name]['runsIn'] extends 'browser' ? Name : never;
}[PeerName];
export type BackendName = OwnBackendName | PeerName;

export const peerNames = Object.keys(peers) as readonly PeerName[];
export const browserPeers = peerNames.filter(
  (name): name is BrowserPeerName => peers[name].runsIn === 'browser',
);
/** In display order. */
export const backends: readonly BackendName[] = [...ownBackends, ...peerNames];

export const backendNames = {
  'cpu-1': 'CPU, 1 thread',
  cpu: 'CPU',
  webgpu: 'GPU',
  ...Object.fromEntries(peerNames.map((name) => [name, peers[name].title])),
} as Readonly<Record<BackendName, string>>;

export function isOwn(backend: BackendName): backend is OwnBackendName {
  return (ownBackends as readonly BackendName[]).includes(backend);
}
