/**
 * Serves the built page and a few named data files to a browser. It never writes files, and listens on
 * 127.0.0.1 only, unless it gets another address. Its headers stop the page from contacting other servers.
 */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import sirv from 'sirv';

import { ConfigurationError } from '../errors.ts';

/** A folder of which only the listed files can be fetched. */
export interface Mount {
  /** Path on the server, with both slashes: '/data/mnist/'. */
  readonly path: string;
  readonly folder: string;
  /**
   * Names of files directly inside `folder`. A name may be a link, also to a file elsewhere: large data often lie on another
   * disk. The page reads nothing else, because the list is made by this program and not by the page.
   */
  readonly files: readonly string[];
}

export interface StaticServer {
  /** Origin such as 'http://127.0.0.1:40123'. Browsers treat http on a local address as secure, but on no other. */
  readonly origin: string;
  readonly close: () => Promise<void>;
}

/**
 * Serves `folder` at '/' and each mount at its path.
 * @param options.folder the built page; the server serves every file that it contains at the start
 * @param options.contentSecurityPolicy replaces nudge's policy, for a page that is not nudge's own
 * @param options.host the name or address of this machine to listen on; default 127.0.0.1
 * @param options.port default: a free port
 * @throws {ConfigurationError} when the host or the port is not available
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
    // sirv finds the file without query and fragment, so the policy must not depend on them either.
    const [path = ''] = url.split(/[?#]/);
    const policy = contentSecurityPolicy ?? (libraryWorker.test(path) ? libraryPolicy : pagePolicy);
    response.setHeader('Content-Security-Policy', policy);
    // Another site can make its own name resolve to this address. The Host header still has that name, so refuse it.
    const name = request.headers.host?.replace(/:\d+$/, '') ?? '';
    if (!['127.0.0.1', 'localhost', inUrl(host)].includes(name)) {
      refuse(response, 403, `This server accepts only the host ${host}.`);
      return;
    }
    if (!['GET', 'HEAD'].includes(method)) {
      response.setHeader('Allow', 'GET, HEAD');
      refuse(response, 405, 'This server accepts only GET and HEAD.');
      return;
    }
    // sirv throws for a range that ends before it starts. The page needs no ranges.
    delete request.headers.range;
    // sirv does not handle a file that fails to read, and does not close a file when the client disconnects.
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
        // Browsers keep connections open for further requests, which would delay the close.
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
  ENOTFOUND: 'the name is unknown',
  EACCES: 'this port needs special permission',
};

/** A host as part of a URL. IPv6 addresses need brackets, because they contain colons. */
function inUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** Sends packed files as they are. The page unpacks them, because a browser would not report what is wrong with one. */
function sendBytes(response: ServerResponse): void {
  response.setHeader('Content-Type', 'application/octet-stream');
  response.setHeader('Content-Encoding', 'identity');
}

function refuse(response: ServerResponse, status: number, sentence: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' });
  response.end(`${sentence}\n`);
}

/** Policy of the page and its workers: nothing from other origins, no inline code, no frame around it. */
const ownPolicy = [
  "default-src 'none'",
  // The CPU engine is WebAssembly. JavaScript's `eval` stays forbidden.
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  // The CPU engine starts its threads from a blob with nudge's own code.
  "worker-src 'self' blob:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const pagePolicy = `${ownPolicy}; require-trusted-types-for 'script'`;

/** The built src/page/worker/peerMain.ts. */
const libraryWorker = /\/peerMain-[\w-]+\.js$/;

/**
 * Policy of the workers for other libraries, which run only on request. These libraries start threads from text and load
 * scripts from `blob:` addresses, which trusted types forbid. Other origins stay forbidden.
 */
const libraryPolicy = `${ownPolicy}; script-src-elem 'self' blob:`;

/** Headers that isolate the page, which gives timers of 5 µs, and stop leaks to other sites. */
const securityHeaders: Readonly<Record<string, string>> = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
};
