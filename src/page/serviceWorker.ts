/**
 * Adds the headers of cross-origin isolation on hosts that cannot send them, such as GitHub Pages. The CPU engine's
 * threads need isolation to share memory. Without it, everything works on one thread.
 */

/** The parts of a service worker that are used here: TypeScript's library for pages has no types for them. */
interface ServiceWorkerScope {
  skipWaiting(): Promise<void>;
  readonly clients: { claim(): Promise<void> };
  readonly location: Location;
  addEventListener(type: 'install' | 'activate' | 'fetch', listener: (event: never) => void): void;
}

interface WaitableEvent {
  waitUntil(work: Promise<unknown>): void;
}

interface FetchEvent {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

const scope = globalThis as unknown as ServiceWorkerScope;

scope.addEventListener('install', (event: WaitableEvent) => event.waitUntil(scope.skipWaiting()));
scope.addEventListener('activate', (event: WaitableEvent) =>
  event.waitUntil(scope.clients.claim()),
);
scope.addEventListener('fetch', (event: FetchEvent) => {
  const { request } = event;
  if (new URL(request.url).origin === scope.location.origin) {
    event.respondWith(fetch(request).then(isolated));
  }
});

function isolated(response: Response): Response {
  // An opaque answer has no headers to change.
  if (response.status === 0) return response;
  const headers = new Headers(response.headers);
  headers.set('Cross-Origin-Opener-Policy', 'same-origin');
  headers.set('Cross-Origin-Embedder-Policy', 'require-corp');
  headers.set('Cross-Origin-Resource-Policy', 'same-origin');
  const { status, statusText } = response;
  const isEmpty = status === 204 || status === 304;
  return new Response(isEmpty ? null : response.body, { status, statusText, headers });
}
