/** A server on this machine that serves files and misbehaves as told. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Answers one request for a file whose right content is `content`. */
export type Manner = (content: Uint8Array, response: ServerResponse) => void;

export interface UnreliableServer {
  /** The mirror's address. */
  readonly url: string;
  /** The file that each request so far was for. */
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
    requests.push(name);
    const content = files.get(name);
    if (content) manner(content, response);
    else fail(404)(new Uint8Array(0), response);
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

/** As a server should. */
export const behave: Manner = (content, response) => {
  response.writeHead(200, { 'content-length': content.length }).end(content);
};

/** All of it, without saying how much that is. */
export const hideLength: Manner = (content, response) => {
  response.writeHead(200);
  response.write(content.subarray(0, 1));
  response.end(content.subarray(1));
};

/** Half of it, and then the connection is gone. */
export const cutHalfway: Manner = (content, response) => {
  sendHalf(content, response, () => response.destroy());
};

/** Half of it, and then nothing. */
export const stallHalfway: Manner = (content, response) => {
  sendHalf(content, response);
};

function sendHalf(content: Uint8Array, response: ServerResponse, then?: () => void) {
  response.writeHead(200, { 'content-length': content.length });
  response.write(content.subarray(0, Math.ceil(content.length / 2)), then);
}

/** Nothing at all. */
export const stallAtOnce: Manner = () => undefined;

export function fail(status: number): Manner {
  return (_, response) => {
    response.writeHead(status).end('sorry');
  };
}

/** Another content, in good manners. */
export function lie(content: Uint8Array): Manner {
  return (_, response) => behave(content, response);
}

/** Byte after byte, for ever. */
export const neverEnd: Manner = (_, response) => {
  response.writeHead(200);
  const more = () => {
    while (!response.destroyed && response.write(new Uint8Array(2 ** 16)));
  };
  response.on('drain', more);
  more();
};
