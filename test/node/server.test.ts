import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ConfigurationError } from '../../src/errors.ts';
import { startServer, type StaticServer } from '../../src/node/server.ts';

let root: string;
let server: StaticServer;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'nudge-server-'));
  await mkdir(join(root, 'page/assets'), { recursive: true });
  await mkdir(join(root, 'mnist/inner'), { recursive: true });
  await writeFile(join(root, 'secret.txt'), 'secret');
  await writeFile(join(root, 'page/index.html'), '<!doctype html>');
  await writeFile(join(root, 'page/assets/main.js'), 'export {};');
  await writeFile(join(root, 'page/.hidden'), 'secret');
  await writeFile(join(root, 'page/model.bin'), new Uint8Array([0, 1, 2, 255]));
  await writeFile(join(root, 'mnist/labels'), 'labels');
  await writeFile(join(root, 'mnist/notes.txt'), 'secret');
  await writeFile(join(root, 'mnist/inner/labels'), 'secret');
  await writeFile(join(root, 'mnist/images.gz'), 'packed');
  server = await startServer({
    folder: join(root, 'page'),
    mounts: [
      {
        path: '/data/mnist/',
        folder: join(root, 'mnist'),
        files: ['labels', 'images', 'images.gz', 'memory', 'linked'],
      },
    ],
  });
});

afterAll(async () => {
  await server.close();
  await rm(root, { recursive: true });
});

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

/** A request with its path sent as written; `fetch` would tidy it first. */
function send(
  path: string,
  options: { method?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const { hostname, port } = new URL(server.origin);
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, ...options }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const { statusCode, headers } = response;
        resolve({ status: statusCode!, headers, body: Buffer.concat(chunks) });
      });
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end();
  });
}

describe('served files', () => {
  it.each([
    ['/', 'text/html;charset=utf-8', '<!doctype html>'],
    ['/index.html?query=1', 'text/html;charset=utf-8', '<!doctype html>'],
    ['/assets/main.js', 'text/javascript', 'export {};'],
    ['/assets/m%61in.js', 'text/javascript', 'export {};'],
    ['/data/mnist/labels', 'application/octet-stream', 'labels'],
    ['/data/mnist/images.gz', 'application/octet-stream', 'packed'],
  ])('%s arrives whole, as %s', async (path, type, text) => {
    const { status, headers, body } = await send(path);
    expect({ status, type: headers['content-type'], body: body.toString() }).toEqual({
      status: 200,
      type,
      body: text,
    });
    expect(headers['content-length']).toBe(String(text.length));
    // A browser would unpack what is said to be packed.
    expect(headers['content-encoding'] ?? 'identity').toBe('identity');
  });

  it('bytes arrive unchanged', async () => {
    expect([...(await send('/model.bin')).body]).toEqual([0, 1, 2, 255]);
  });

  it.each(['bytes=1-2', 'bytes=2-1', 'bytes=9-', 'nothing'])(
    'a file arrives whole where the range %s is asked for',
    async (range) => {
      const { status, body } = await send('/model.bin', { headers: { range } });
      expect([status, body.length]).toEqual([200, 4]);
    },
  );

  it('a listed link to another disk is followed, and a link that is not listed is not', async () => {
    await mkdir(join(root, 'disk'));
    await writeFile(join(root, 'disk/linked'), 'far away');
    await symlink(join(root, 'disk/linked'), join(root, 'mnist/linked'));
    await symlink(join(root, 'disk/linked'), join(root, 'mnist/other'));
    expect((await send('/data/mnist/linked')).body.toString()).toBe('far away');
    expect((await send('/data/mnist/other')).status).toBe(404);
  });

  it('HEAD gives the size and no bytes', async () => {
    const { status, headers, body } = await send('/model.bin', { method: 'HEAD' });
    expect([status, headers['content-length'], body.length]).toEqual([200, '4', 0]);
  });
});

it('a file that cannot be read ends the answer, and not the server', async (context) => {
  context.skip(
    process.platform !== 'linux',
    'needs a file that no user can read, as Linux has one',
  );
  await symlink('/proc/self/mem', join(root, 'mnist/memory'));
  await expect(send('/data/mnist/memory')).rejects.toThrow('socket hang up');
  expect((await send('/data/mnist/labels')).status).toBe(200);
});

describe('refused requests', () => {
  it.each([
    ['a parent', '/../secret.txt'],
    ['a parent in the middle', '/assets/../../secret.txt'],
    ['an encoded parent', '/%2e%2e/secret.txt'],
    ['an encoded slash', '/..%2fsecret.txt'],
    ['a parent encoded twice', '/%252e%252e/secret.txt'],
    ['a backslash', '/..\\secret.txt'],
    ['an encoded backslash', '/..%5csecret.txt'],
    ['a NUL byte', '/index.html%00.png'],
    ['an absolute path', '//secret.txt'],
    ['a full address', 'http://127.0.0.1/secret.txt'],
    ['a hidden file', '/.hidden'],
    ['a folder', '/assets'],
    ['a missing file', '/missing.html'],
    ['a file as a folder', '/index.html/x'],
    ['a very long name', `/${'a'.repeat(5000)}`],
    ['a file of a mounted folder that is not on its list', '/data/mnist/notes.txt'],
    ['a listed file that is missing', '/data/mnist/images'],
    ['a listed name deeper down', '/data/mnist/inner/labels'],
    ['the parent of a mount', '/data/mnist/../secret.txt'],
    ['the encoded parent of a mount', '/data/mnist/..%2fsecret.txt'],
    ['a mounted folder itself', '/data/mnist/'],
    ['a lone percent sign', '/%'],
    ['a byte that is no UTF-8', '/%ff'],
    ['a parent in overlong UTF-8', '/%c0%ae%c0%ae/secret.txt'],
  ])('%s is not found', async (_, path) => {
    const { status, body } = await send(path);
    expect(body.toString()).not.toContain('secret');
    expect(status).toBe(404);
  });

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])('%s is not allowed', async (method) => {
    const { status, headers } = await send('/index.html', { method });
    expect([status, headers.allow]).toEqual([405, 'GET, HEAD']);
  });

  it.each(['attacker.example', '127.0.0.1.attacker.example', 'localhost.attacker.example:80'])(
    'a request under the name %s is refused',
    async (host) => {
      expect((await send('/index.html', { headers: { host } })).status).toBe(403);
    },
  );

  it('the server listens on this machine alone', async () => {
    expect(new URL(server.origin).hostname).toBe('127.0.0.1');
    const { port } = new URL(server.origin);
    const outer = Object.values(networkInterfaces())
      .flat()
      .find((address) => address?.family === 'IPv4' && !address.internal);
    if (outer === undefined) return;
    const sent = new Promise((resolve, reject) => {
      request({ hostname: outer.address, port, timeout: 2000 }, resolve).on('error', reject).end();
    });
    await expect(sent).rejects.toThrow(/ECONNREFUSED/);
  });
});

describe('headers', () => {
  it.each(['/', '/data/mnist/labels', '/missing'])('%s carries every protection', async (path) => {
    const { headers } = await send(path);
    expect(headers['cross-origin-opener-policy']).toBe('same-origin');
    expect(headers['cross-origin-embedder-policy']).toBe('require-corp');
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['access-control-allow-origin']).toBeUndefined();
    const policy = String(headers['content-security-policy']).split('; ');
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self' 'wasm-unsafe-eval'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("require-trusted-types-for 'script'");
    // WebAssembly is the one thing that may be compiled from bytes.
    expect(policy.join().replace("'wasm-unsafe-eval'", '')).not.toMatch(/unsafe|https?:|\*/);
  });
});

it('only the worker for other libraries may load scripts from text, whatever a query says', async () => {
  const trusted = "require-trusted-types-for 'script'";
  const policyOf = async (path: string) =>
    String((await send(path)).headers['content-security-policy']);
  expect(await policyOf('/assets/peerMain-a1B2.js')).not.toContain(trusted);
  expect(await policyOf('/assets/peerMain-a1B2.js?query')).not.toContain(trusted);
  for (const path of [
    '/index.html?/peerMain-a1B2.js',
    '/index.html?a?/peerMain-a1B2.js',
    '/index.html#/peerMain-a1B2.js',
  ]) {
    expect(await policyOf(path)).toContain(trusted);
  }
});

it('a page that is not nudge’s own can have another policy, and only that is another', async () => {
  const other = await startServer({
    folder: join(root, 'page'),
    contentSecurityPolicy: "script-src 'self' blob:",
  });
  const { headers } = await fetch(other.origin);
  await other.close();
  expect(headers.get('Content-Security-Policy')).toBe("script-src 'self' blob:");
  expect(headers.get('Cross-Origin-Opener-Policy')).toBe('same-origin');
});

it('two servers run side by side, and a closed one answers no more', async () => {
  const second = await startServer({ folder: join(root, 'page') });
  expect(second.origin).not.toBe(server.origin);
  expect((await fetch(second.origin)).status).toBe(200);
  await second.close();
  await expect(fetch(second.origin)).rejects.toThrow();
});

describe('a server for another machine', () => {
  it('is told its address and port, and answers under that name and no stranger’s', async () => {
    const free = await startServer({ folder: join(root, 'page') });
    const port = Number(new URL(free.origin).port);
    await free.close();
    const named = await startServer({ folder: join(root, 'page'), host: 'localhost', port });
    expect(named.origin).toBe(`http://localhost:${port}`);
    expect((await fetch(named.origin)).status).toBe(200);
    const stranger = await new Promise((resolve, reject) => {
      request({ hostname: 'localhost', port, headers: { host: 'attacker.example' } }, (response) =>
        resolve(response.resume().statusCode),
      )
        .on('error', reject)
        .end();
    });
    expect(stranger).toBe(403);
    await named.close();
  });

  it('is refused in a sentence where the port is taken, or the address another’s', async () => {
    const folder = join(root, 'page');
    const port = Number(new URL(server.origin).port);
    await expect(startServer({ folder, port })).rejects.toThrow(
      `The page cannot be served at 127.0.0.1, port ${port}: another program listens there. Choose another port`,
    );
    // An address for documentation, which no machine has.
    const elsewhere = startServer({ folder, host: '203.0.113.1' });
    await expect(elsewhere).rejects.toThrow(ConfigurationError);
    await expect(elsewhere).rejects.toThrow('this machine has no such address');
  });
});
