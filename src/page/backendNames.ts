/** The backends in words and colours. */
import { isOwn, backendNames, type BackendName } from '../benchmark/result/backends.ts';
import { make } from './elements.ts';

/** @param isSoftware whether the GPU is a software adapter, which computes on the CPU */
export function backendName(backend: BackendName, isSoftware = false): string {
  return backend === 'webgpu' && isSoftware ? 'GPU in software' : backendNames[backend];
}

/** 'on the GPU', 'on one CPU thread'. */
export function onBackend(backend: BackendName, isSoftware = false): string {
  if (!isOwn(backend)) return `by ${backendNames[backend]}`;
  return backend === 'cpu-1' ? 'on one CPU thread' : `on the ${backendName(backend, isSoftware)}`;
}

/** The backend's name beside a dot in its colour. */
export function backendKey(backend: BackendName, isSoftware: boolean): HTMLElement {
  const dot = make(`span.key.backend-${backend}`, { 'aria-hidden': 'true' });
  return make('span', dot, backendName(backend, isSoftware));
}

/** A chart's legend. */
export function makeKeys(backends: readonly BackendName[], isSoftware: boolean): HTMLElement {
  const keys = backends.map((backend) => make('li', backendKey(backend, isSoftware)));
  return make('ul.keys.small', ...keys);
}
