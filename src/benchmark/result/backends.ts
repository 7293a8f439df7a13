/** All backends that train a workload, nudge's own and other libraries: the one table of their names, titles and order. */

/** nudge's own, which the score knows: one CPU thread, as many as pay, the GPU. */
export const ownBackends = ['cpu-1', 'cpu', 'webgpu'] as const;

export interface PeerDescription {
  readonly title: string;
  readonly computesOn: 'gpu' | 'cpu';
  readonly runsIn: 'browser' | 'Python';
}

/** The other libraries. Short links name a backend by its place, so a new one comes last. */
export const peers = {
  'tfjs-webgpu': { title: 'TensorFlow.js, WebGPU', computesOn: 'gpu', runsIn: 'browser' },
  'tfjs-wasm': { title: 'TensorFlow.js, WebAssembly', computesOn: 'cpu', runsIn: 'browser' },
  'jax-webgpu': { title: 'jax-js, WebGPU', computesOn: 'gpu', runsIn: 'browser' },
  'jax-wasm': { title: 'jax-js, WebAssembly', computesOn: 'cpu', runsIn: 'browser' },
  numpy: { title: 'NumPy', computesOn: 'cpu', runsIn: 'Python' },
  'torch-cpu': { title: 'PyTorch, CPU', computesOn: 'cpu', runsIn: 'Python' },
  'torch-cuda': { title: 'PyTorch, CUDA', computesOn: 'gpu', runsIn: 'Python' },
} as const satisfies Readonly<Record<string, PeerDescription>>;

export type OwnBackendName = (typeof ownBackends)[number];
export type PeerName = keyof typeof peers;
/** Those that run in browsers. */
export type BrowserPeerName = {
  [Name in PeerName]: (typeof peers)[Name]['runsIn'] extends 'browser' ? Name : never;
}[PeerName];
export type BackendName = OwnBackendName | PeerName;

export const peerNames = Object.keys(peers) as readonly PeerName[];
export const browserPeers = peerNames.filter(
  (name): name is BrowserPeerName => peers[name].runsIn === 'browser',
);
/** In the order in which they are listed. */
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
