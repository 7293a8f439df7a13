/** A server on this machine that serves files and misbehaves as told. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Answers one request for a file whose right content is `content`. */
export type Manner = (
  content: Uint8Array,
  request: IncomingMessage,
  response: ServerResponse,
) => void;

export interface UnreliableServer {
  /** The mirror's address. */
  readonly url: string;
  /** 'NAME' or 'NAME bytes=5-' of each request so far. */
  readonly requests: string[];
  close(): Promise<void>;
}

/**
 * @param files content by name
 * @param manners how the first request is answered, the second, …; the last one for all that follow
 */
export async function startServer(
  files: ReadonlyMap<string, Uint8Array>,
  ...manners: readonly [Manner, ...Manner[]]
): Promise<UnreliableServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const name = (request.url ?? '').slice('/mirror/'.length);
    const manner = manners[Math.min(requests.length, manners.length - 1)]!;
    requests.push([name, request.headers.range].filter(Boolean).join(' '));
    const content = files.get(name);
    if (content) manner(content, request, response);
    else fail(404)(new Uint8Array(0), request, response);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/mirror/`,
    requests,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

function requestedStart(request: IncomingMessage): number | undefined {
  const start = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1];
  return start === undefined ? undefined : Number(start);
}

function begin(content: Uint8Array, request: IncomingMessage, response: ServerResponse) {
  const start = requestedStart(request);
  const rest = content.subarray(start ?? 0);
  const headers: Record<string, string | number> = { 'content-length': rest.length };
  if (start !== undefined) {
    headers['content-range'] = `bytes ${start}-${content.length - 1}/${content.length}`;
  }
  response.writeHead(start === undefined ? 200 : 206, headers);
  return rest;
}

/** As a server should, 416 included. */
export const behave: Manner = (content, request, response) => {
  if ((requestedStart(request) ?? -1) >= content.length) {
    response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end();
  } else {
    response.end(begin(content, request, response));
  }
};

/** All of it, whatever range was asked for. */
export const ignoreRange: Manner = (content, _, response) => {
  response.writeHead(200, { 'content-length': content.length }).end(content);
};

/** All of it, without saying how much that is. */
export const hideLength: Manner = (content, _, response) => {
  response.writeHead(200);
  response.write(content.subarray(0, 1));
  response.end(content.subarray(1));
};

/** Half of the rest, and then the connection is gone. */
export const cutHalfway: Manner = (content, request, response) => {
  const rest = begin(content, request, response);
  response.write(rest.subarray(0, Math.ceil(rest.length / 2)), () => response.destroy());
};

/** Half of the rest, and then nothing. */
export const stallHalfway: Manner = (content, request, response) => {
  const rest = begin(content, request, response);
  response.write(rest.subarray(0, Math.ceil(rest.length / 2)));
};

/** Nothing at all. */
export const stallAtOnce: Manner = () => undefined;

export function fail(status: number): Manner {
  return (_, __, response) => {
    response.writeHead(status).end('sorry');
  };
}

/** Another content, in good manners. */
export function lie(content: Uint8Array): Manner {
  return (_, request, response) => behave(content, request, response);
}

/** 206, and bytes from somewhere else. */
export const sendOtherPart: Manner = (content, _, response) => {
  response
    .writeHead(206, { 'content-range': `bytes 0-${content.length - 1}/${content.length}` })
    .end(content);
};

/** Byte after byte, for ever. */
export const neverEnd: Manner = (_, __, response) => {
  response.writeHead(200);
  const more = () => {
    while (!response.destroyed && response.write(new Uint8Array(2 ** 16)));
  };
  response.on('drain', more);
  more();
};
