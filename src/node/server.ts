/**
 * Serves the built page, and a few named data files, to a browser. It reads, never writes, listens on
 * 127.0.0.1 alone unless it is told another address, and its headers keep the page from talking to anyone else.
 */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import sirv from 'sirv';

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
  readonly close: () => Promise<void>;
}

/**
 * Serves `folder` at '/' and each mount at its path.
 * @param options.folder the built page; everything in it may be read, as it is when the server starts
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
  const { folder, mounts = [], contentSecurityPolicy, host = '127.0.0.1' } = options;
  const servePage = sirv(folder);
  const data = new Map(
    mounts.flatMap(({ path, folder, files }) => {
      const serve = sirv(folder, { dev: true, setHeaders: sendBytes });
      return files.map((name) => [path + name, { name, serve }] as const);
    }),
  );
  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value);
    const { url = '/', method = '' } = request;
    const policy = contentSecurityPolicy ?? (libraryWorker.test(url) ? libraryPolicy : pagePolicy);
    response.setHeader('Content-Security-Policy', policy);
    // Another site can make its own name resolve to this address; the browser still tells us that name.
    const name = request.headers.host?.replace(/:\d+$/, '') ?? '';
    if (!['127.0.0.1', 'localhost', inUrl(host)].includes(name)) {
      refuse(response, 403, `This server answers to ${host} only.`);
      return;
    }
    if (!['GET', 'HEAD'].includes(method)) {
      response.setHeader('Allow', 'GET, HEAD');
      refuse(response, 405, 'This server only reads: GET or HEAD.');
      return;
    }
    // sirv throws at a range that ends before it starts, and a page asks for none.
    delete request.headers.range;
    // And it neither hears of a file that cannot be read, nor closes one whose reader leaves in the middle.
    response.once('pipe', (content) => {
      content.once('error', (error) => response.destroy(error));
      response.once('close', () => content.destroy());
    });
    const file = data.get(url);
    if (file) request.url = `/${file.name}`;
    const serve = file?.serve ?? servePage;
    serve(request, response, () => refuse(response, 404, 'There is no such file.'));
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

/** A packed file, too, is for the page to unpack: a browser would not say what is wrong with it. */
function sendBytes(response: ServerResponse): void {
  response.setHeader('Content-Type', 'application/octet-stream');
  response.setHeader('Content-Encoding', 'identity');
}

function refuse(response: ServerResponse, status: number, sentence: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' });
  response.end(`${sentence}\n`);
}

/** Of the page and of its workers: nothing from elsewhere, no inline code, no frame around it. */
const ownPolicy = [
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
].join('; ');

const pagePolicy = `${ownPolicy}; require-trusted-types-for 'script'`;

/** The built src/page/worker/peerMain.ts. */
const libraryWorker = /\/peerMain-[\w-]+\.js$/;

/**
 * Of the workers in which other libraries run, loaded only where they are asked for. Their threads are made of text and
 * load programs by its addresses, which trusted types forbid; nothing comes from elsewhere all the same.
 */
const libraryPolicy = `${ownPolicy}; script-src-elem 'self' blob:`;

/** Isolation, for timers of 5 µs, and what else keeps the page to itself. */
const securityHeaders: Readonly<Record<string, string>> = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
};
