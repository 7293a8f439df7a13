/** The backends that train, in words and colours. */
import { isOwn, backendNames, type BackendName } from '../benchmark/result/backends.ts';

/** @param isSoftware whether what counts as the GPU computes on the CPU */
export function backendName(backend: BackendName, isSoftware = false): string {
  return backend === 'webgpu' && isSoftware ? 'GPU in software' : backendNames[backend];
}

/** As part of a sentence: 'on the GPU', 'on one CPU thread'. */
export function onBackend(backend: BackendName, isSoftware = false): string {
  if (!isOwn(backend)) return `by ${backendNames[backend]}`;
  switch (backend) {
    case 'cpu-1':
      return 'on one CPU thread';
    case 'cpu':
      return 'on the CPU';
    case 'webgpu':
      return `on the ${backendName(backend, isSoftware)}`;
  }
}

/** A swatch in the backend's colour, to stand beside its name. */
export function backendKey(backend: BackendName): HTMLElement {
  const key = document.createElement('span');
  key.className = `key backend-${backend}`;
  key.setAttribute('aria-hidden', 'true');
  return key;
}
