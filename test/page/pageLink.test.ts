/** The link to a page of this test's own, which can be made to misbehave. */
import { execFileSync } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Browser, Page } from 'puppeteer';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { BrowserError } from '../../src/errors.ts';
import { findBrowser } from '../../src/node/browser.ts';
import { closeBrowser, launchBrowser } from '../../src/node/launchBrowser.ts';
import { PageLink } from '../../src/node/pageLink.ts';
import { startServer, type StaticServer } from '../../src/node/server.ts';

const script = `
  import { parse, stringify } from './devalue/index.js';
  const done = (value) => stringify({ ok: true, value });
  const aborted = [];
  const jobs = {
    hang: () => new Promise(() => {}),
    complain: () => { console.error('it hurts'); return new Promise(() => {}); },
    mutter: () => { console.warn('hm'); console.log('hm'); return done('fine'); },
    throwLater: () => { setTimeout(() => { throw new Error('too late'); }); return new Promise(() => {}); },
    rejectLater: () => { Promise.reject(new Error('unheard')); return new Promise(() => {}); },
    fetchElsewhere: () => fetch('https://example.com/').then(() => done('reached'), () => new Promise(() => {})),
    // Later, because what the remote protocol itself calls is above the law.
    evaluate: () => new Promise((resolve) => setTimeout(() => {
      try { new Function('return 1')(); resolve(done('ran')); } catch (e) { resolve(done(e.name)); }
    })),
    count: async (id, emit) => {
      for (let step = 0; step < 100; step++) void emit(id, stringify(step));
      await emit(id, stringify('last'));
      return done('counted');
    },
    ask: async (id, emit) => {
      const answers = [];
      for (const question of ['name', 'age']) answers.push(await emit(id, stringify(question)));
      return done(answers.map((answer) => parse(answer)));
    },
    stopWhenTold: (id) => new Promise((resolve) => {
      const look = () => aborted.includes(id) ? resolve(done('stopped')) : setTimeout(look, 5);
      look();
    }),
    finishSlowly: async (id, emit) => {
      while (!aborted.includes(id)) await new Promise((resolve) => setTimeout(resolve, 5));
      for (let second = 0; second < 6; second++) {
        await emit(id, stringify('finishing'));
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
      return done('finished');
    },
  };
  globalThis.nudge = {
    call: (id, name, args, emit) => jobs[name](id, emit),
    abort: (id) => aborted.push(id),
  };
`;

let folder: string;
let server: StaticServer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nudge-link-'));
  const icon = '<link rel="icon" href="data:,">';
  await writeFile(
    join(folder, 'index.html'),
    `${icon}<script type="module" src="page.js"></script>`,
  );
  await writeFile(join(folder, 'broken.html'), `${icon}<script src="missing.js"></script>`);
  await writeFile(join(folder, 'page.js'), script);
  const devalue = join(import.meta.dirname, '../../node_modules/devalue');
  await cp(devalue, join(folder, 'devalue'), { recursive: true });
  server = await startServer({ folder });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

let browser: Browser;
const launch = async () => launchBrowser(await findBrowser(), { adapter: 'software' });
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

const open = (where = browser) => PageLink.open(where, `${server.origin}/`);
let link: PageLink;
let page: Page;
beforeEach(async () => {
  link = await open();
  page = (await browser.pages()).at(-1)!;
});
afterEach(async () => {
  if (!page.isClosed()) await page.close();
});

/** What a call rejects with; taken hold of at once, so that it never counts as unhandled. */
function failureOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    (value) => new Error(`It resolved, with ${String(value)}.`),
    (error: unknown) => error,
  );
}

describe('a page that is lost rejects the calls under way', () => {
  it('when it crashes', async () => {
    const failure = failureOf(link.call('hang', undefined, {}));
    // The browser answers this by crashing the page, and the navigation by nothing at all.
    page.goto('chrome://crash').catch(() => undefined);
    expect(await failure).toBeInstanceOf(BrowserError);
    expect(await failure).toHaveProperty('message', expect.stringMatching(/^The page crashed/));
    await expect(link.call('mutter', undefined, {})).rejects.toThrow(/crashed/);
  });

  it('when the browser dies', async () => {
    const mortal = await launch();
    const failure = failureOf((await open(mortal)).call('hang', undefined, {}));
    mortal.process()!.kill('SIGKILL');
    expect(await failure).toBeInstanceOf(BrowserError);
  });

  it('when the page is closed', async () => {
    const failure = failureOf(link.call('hang', undefined, {}));
    await page.close();
    expect(await failure).toBeInstanceOf(BrowserError);
  });

  it('when its process hangs, and not while it answers', async (context) => {
    if (process.platform === 'win32') context.skip('Windows cannot stop a process');
    const mortal = await launch();
    context.onTestFinished(() => closeBrowser(mortal));
    const heartbeat = { everyMs: 50, limitMs: 2_000 };
    const hanging = await PageLink.open(mortal, `${server.origin}/`, { heartbeat });
    // The job sends something each second, and ends after six.
    const abort = new AbortController();
    const slow = hanging.call('finishSlowly', undefined, { signal: abort.signal });
    abort.abort();
    expect(await slow).toBe('finished');
    const failure = failureOf(hanging.call('hang', undefined, {}));
    const main = mortal.process()!.pid!;
    const list = execFileSync('ps', ['-eo', 'pid=,pgid=,args='], { encoding: 'utf8' });
    const renderers = [...list.matchAll(new RegExp(`^ *(\\d+) +${main} .*--type=renderer`, 'gm'))];
    expect(renderers.length).toBeGreaterThan(0);
    for (const [, pid] of renderers) process.kill(Number(pid), 'SIGSTOP');
    expect(await failure).toBeInstanceOf(BrowserError);
    expect(await failure).toHaveProperty(
      'message',
      "The page has not answered for 2 s while it worked on the job 'hang', so it hangs. Start again, or use another browser.",
    );
  });

  it('when it complains on its console', async () => {
    await expect(link.call('complain', undefined, {})).rejects.toThrow(
      /^The page reports an error: it hurts/,
    );
  });

  it.each([
    ['throwLater', 'too late'],
    ['rejectLater', 'unheard'],
  ])('when an error escapes (%s)', async (job, message) => {
    const failure = await failureOf(link.call(job, undefined, {}));
    expect(failure).toBeInstanceOf(BrowserError);
    expect(failure).toHaveProperty('message', `The page has an uncaught error: ${message}`);
  });

  it('when it asks another site for something', async () => {
    await expect(link.call('fetchElsewhere', undefined, {})).rejects.toThrow(
      /^The page reports an error: .*example\.com.*Content Security Policy/s,
    );
  });
});

it('a page that only warns goes on', async () => {
  expect(await link.call('mutter', undefined, {})).toBe('fine');
});

it('the page cannot turn text into code', async () => {
  expect(await link.call('evaluate', undefined, {}).catch(String)).toMatch(
    /TrustedScript|EvalError|Content Security Policy/,
  );
});

it('a page without its script does not open', async () => {
  await expect(PageLink.open(browser, `${server.origin}/broken.html`)).rejects.toThrow(
    /404.*missing\.js/s,
  );
});

it('an address without a server does not open', async () => {
  await expect(PageLink.open(browser, 'http://127.0.0.1:1/')).rejects.toThrow(
    /^The browser does not load http:\/\/127\.0\.0\.1:1\//,
  );
});

describe('events', () => {
  it('arrive in order, all before the call resolves', async () => {
    const events: unknown[] = [];
    await link.call('count', undefined, { onEvent: (event) => events.push(event) });
    expect(events).toEqual([...Array.from({ length: 100 }, (_, step) => step), 'last']);
  });

  it('are answered by the promises that their handler gives', async () => {
    const answers = await link.call('ask', undefined, {
      onEvent: (question) =>
        question === 'name'
          ? Promise.resolve(new Uint8Array([7]))
          : Promise.reject(new RangeError('no')),
    });
    const value = new Uint8Array([7]);
    const error = expect.objectContaining({ name: 'RangeError', message: 'no' }) as unknown;
    expect(answers).toEqual([
      { ok: true, value },
      { ok: false, error },
    ]);
  });

  it('reject the call with the error that their handler throws', async () => {
    const mistake = new RangeError('my mistake');
    const call = link.call('count', undefined, {
      onEvent() {
        throw mistake;
      },
    });
    await expect(call).rejects.toBe(mistake);
  });
});

describe('an aborted call', () => {
  it('tells the job, whose result counts', async () => {
    const abort = new AbortController();
    const call = link.call('stopWhenTold', undefined, { signal: abort.signal });
    abort.abort();
    expect(await call).toBe('stopped');
  });

  // Both at once, because each takes more than 5 s.
  it('waits for a job that takes long to finish and says so, and rejects with the reason when one does not react', async () => {
    const abort = new AbortController();
    const { signal } = abort;
    const slow = link.call<string, string>('finishSlowly', undefined, { signal });
    const silent = failureOf(link.call('hang', undefined, { signal }));
    const reason = new Error('the reader left');
    abort.abort(reason);
    expect(await silent).toBe(reason);
    expect(await slow).toBe('finished');
  });

  it('does not begin when it is aborted already', async () => {
    const signal = AbortSignal.abort(new Error('too early'));
    await expect(link.call('mutter', undefined, { signal })).rejects.toThrow('too early');
  });
});
