/**
 * Serves the built page, and a few named data files, to a browser. It reads, never writes, listens on
 * 127.0.0.1 alone unless it is told another address, and its headers keep the page from talking to anyone else.
 */
import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, sep } from 'node:path';

import { ConfigurationError } from '../errors.ts';

/** A folder from which certain files, and no others, can be fetched. */
export interface Mount {
  /** Where it appears, with both slashes: '/data/mnist/'. */
  readonly path: string;
  readonly folder: string;
  /** Names of files directly inside `folder`. */
  readonly files: readonly string[];
}

export interface StaticServer {
  /** 'http://127.0.0.1:40123', which a browser takes for a secure context, as it does no other address. */
  readonly origin: string;
  close(): Promise<void>;
}

/**
 * Serves `folder` at '/' and each mount at its path.
 * @param options.folder the built page; everything in it may be read, by GET and HEAD
 * @param options.contentSecurityPolicy what a page that is not nudge's own needs instead of nudge's policy
 * @param options.host the name or address of this machine to listen on; default 127.0.0.1
 * @param options.port default: a free one
 * @throws {ConfigurationError} when host and port are not to be had
 */
export async function startServer(options: {
  readonly folder: string;
  readonly mounts?: readonly Mount[];
  readonly contentSecurityPolicy?: string;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
}): Promise<StaticServer> {
  const { mounts = [], host = '127.0.0.1' } = options;
  // Symbolic links are resolved before a file is judged, so the folder's own must be as well.
  const folder = await realpath(options.folder);
  const { contentSecurityPolicy } = options;
  const headers = {
    ...securityHeaders,
    ...(contentSecurityPolicy !== undefined && {
      'Content-Security-Policy': contentSecurityPolicy,
    }),
  };
  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    if (contentSecurityPolicy === undefined && libraryWorker.test(request.url ?? '')) {
      response.setHeader('Content-Security-Policy', libraryPolicy);
    }
    // Another site can make its own name resolve to this address; the browser still tells us that name.
    const name = request.headers.host?.replace(/:\d+$/, '') ?? '';
    if (!['127.0.0.1', 'localhost', inUrl(host)].includes(name)) {
      refuse(response, 403, `This server answers to ${host} only.`);
      return;
    }
    answer(request, response, folder, mounts).catch((error: unknown) =>
      response.destroy(error as Error),
    );
  });
  await listen(server, host, options.port ?? 0);
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://${inUrl(host)}:${port}`,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error === undefined ? resolve() : reject(error)));
        // A browser keeps its connections open for a next request that will not come.
        server.closeAllConnections();
      }),
  };
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    throw new ConfigurationError(
      `The page cannot be served at ${host}, port ${port}: ${listenReasons[code] ?? message}. Choose another port, or an address that this machine has.`,
      { cause: error },
    );
  }
}

const listenReasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'the name is not known',
  EACCES: 'this port is not for everybody',
};

/** As it stands in an address: those of IPv6 have colons of their own. */
function inUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  folder: string,
  mounts: readonly Mount[],
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    refuse(response, 405, 'This server only reads: GET or HEAD.');
    return;
  }
  const path = decodedPath(request.url ?? '/');
  if (path === undefined) {
    refuse(response, 400, 'The path cannot be decoded.');
    return;
  }
  const file = await locate(path, folder, mounts);
  if (file === undefined) {
    refuse(response, 404, 'There is no such file.');
    return;
  }
  response.writeHead(200, {
    'Content-Type': mimeTypes[extname(file.path)] ?? 'application/octet-stream',
    'Content-Length': file.size,
  });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  const stream = createReadStream(file.path);
  stream.on('error', (error) => response.destroy(error));
  // The reader may leave in the middle.
  response.on('close', () => stream.destroy());
  stream.pipe(response);
}

/** The path of a request target, or undefined when it is malformed. */
function decodedPath(target: string): string | undefined {
  try {
    // Not `new URL`, which would fold '/a/../b' before anyone has judged it.
    return decodeURIComponent(target.split('?', 1)[0]!);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

/** The regular file that a decoded path may have, or undefined. */
async function locate(
  path: string,
  folder: string,
  mounts: readonly Mount[],
): Promise<{ path: string; size: number } | undefined> {
  const mount = mounts.find((candidate) => path.startsWith(candidate.path));
  if (mount !== undefined) {
    const name = path.slice(mount.path.length);
    return mount.files.includes(name) ? regularFile(join(mount.folder, name)) : undefined;
  }
  const segments = path.split('/').slice(1);
  if (!path.startsWith('/') || segments.some(isSuspicious)) return undefined;
  if (segments.at(-1) === '') segments[segments.length - 1] = 'index.html';
  const file = await regularFile(join(folder, ...segments));
  // A link inside the folder may point out of it.
  return file?.path.startsWith(folder + sep) === true ? file : undefined;
}

/** Whether a decoded segment is anything but a plain visible name; the built page has no other. */
function isSuspicious(segment: string): boolean {
  // eslint-disable-next-line no-control-regex -- control characters are what it looks for
  return segment.startsWith('.') || /[\\/:\u0000-\u001f]/.test(segment);
}

async function regularFile(path: string): Promise<{ path: string; size: number } | undefined> {
  try {
    const resolved = await realpath(path);
    const status = await stat(resolved);
    return status.isFile() ? { path: resolved, size: status.size } : undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG' || code === 'EACCES') {
      return undefined;
    }
    throw error;
  }
}

function refuse(response: ServerResponse, status: number, sentence: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' });
  response.end(`${sentence}\n`);
}

/** Of the page, and of its workers. */
const pagePolicy = [
  "default-src 'none'",
  // The CPU engine is WebAssembly; code in text stays forbidden.
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  // The CPU engine's threads, whose program is text of nudge's own.
  "worker-src 'self' blob:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
];

/** The built src/page/worker/peerMain.ts. */
const libraryWorker = /\/peerMain-[\w-]+\.js$/;

/**
 * Of the workers in which other libraries run, loaded only where they are asked for. Their threads are made of text and
 * load programs by its addresses, which trusted types forbid; nothing comes from elsewhere all the same.
 */
const libraryPolicy = [...pagePolicy, "script-src-elem 'self' blob:"].join('; ');

/** Nothing from elsewhere, no inline code, no frame around it; and isolated, for 5 µs timers. */
const securityHeaders: Readonly<Record<string, string>> = {
  'Content-Security-Policy': [...pagePolicy, "require-trusted-types-for 'script'"].join('; '),
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
};

const mimeTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.wasm': 'application/wasm',
  '.txt': 'text/plain; charset=utf-8',
};
