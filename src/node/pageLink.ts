/**
 * The connection between a Node program and one page. Calls go to the page; events and outcomes come back. If the
 * page crashes, reports an error, closes or hangs, every call on it rejects.
 */
import type { Browser, BrowserContext, Page } from 'puppeteer';

import { BrowserError } from '../errors.ts';
import { decode, encode, type NudgePage, type Outcome } from '../page/nudgePage.ts';
import { decodeError, encodeError } from '../page/wire.ts';

export interface CallOptions<Event> {
  /**
   * Receives the job's events in order, all of them before the call resolves. If it returns a promise, the job gets its
   * outcome, a value or an error, as the answer.
   */
  readonly onEvent?: (event: Event) => unknown;
  /**
   * Tells the job to stop. If the job still returns a result, the call resolves with it. If it throws, or sends
   * nothing for 5 s, the call rejects with the signal's reason.
   */
  readonly signal?: AbortSignal;
}

/** Time that a job may take to react when it is told to stop. */
const abortLimitMs = 5_000;

/** Time that a page may take to load. */
const loadLimitMs = 30_000;

export interface LinkOptions {
  /** Context in which the page opens. @defaultValue the browser's own */
  readonly context?: BrowserContext | undefined;
  /**
   * While a call runs, the page is asked every `everyMs` whether it answers. It hangs if it is silent for `limitMs`.
   * A frozen process sends no event that tells of it. The longest computation that blocks a page is the float64 gradient
   * of `tune`: 4 s for 20 million parameters on a slow machine, and in proportion. @defaultValue 5 s and 120 s
   */
  readonly heartbeat?: { readonly everyMs: number; readonly limitMs: number };
}

// Globals that headless.ts and this file define in the page, for the functions that run there.
declare const nudge: NudgePage;
declare const nudgeEmit: (id: number, event: string) => Promise<unknown>;

export class PageLink {
  readonly #page: Page;
  /** Rejects when the page fails; it never resolves. */
  readonly #failed: Promise<never>;
  readonly #heartbeat: NonNullable<LinkOptions['heartbeat']>;
  readonly #eventHandlers = new Map<number, (event: unknown) => unknown>();
  #lastId = 0;

  private constructor(browser: Browser, page: Page, heartbeat: LinkOptions['heartbeat']) {
    this.#page = page;
    this.#heartbeat = heartbeat ?? { everyMs: 5_000, limitMs: 120_000 };
    this.#failed = watch(browser, page);
    // Each call awaits this promise. Between calls, a failure must not count as unhandled.
    this.#failed.catch(() => undefined);
  }

  /**
   * Opens a page.
   * @throws {BrowserError} when the page at `url` does not load within 30 s
   */
  static async open(
    browser: Browser,
    url: string,
    { context = browser.defaultBrowserContext(), heartbeat }: LinkOptions = {},
  ): Promise<PageLink> {
    const page = await context.newPage();
    const link = new PageLink(browser, page, heartbeat);
    await page.exposeFunction('nudgeEmit', (id: number, event: string) => {
      const answer = link.#eventHandlers.get(id)?.(decode(event));
      return answer instanceof Promise ? outcomeOf(answer) : undefined;
    });
    await Promise.race([link.#failed, link.#load(url)]);
    return link;
  }

  /** See `BrowserSession.call`. */
  async call<Result, Event>(
    name: string,
    args: unknown,
    options: CallOptions<Event>,
  ): Promise<Result> {
    const { onEvent, signal } = options;
    signal?.throwIfAborted();
    const id = ++this.#lastId;
    let interrupt!: (reason: unknown) => void;
    const interrupted = new Promise<never>((_, reject) => (interrupt = reject));
    const tellJob = () => {
      // If the page is gone, the call already rejects for that reason.
      this.#page.evaluate((id) => nudge.abort(id), id).catch(() => undefined);
    };
    let limit: NodeJS.Timeout | undefined;
    const onAbort = () => {
      tellJob();
      limit = setTimeout(() => interrupt(signal?.reason), abortLimitMs);
    };
    this.#eventHandlers.set(id, (event) => {
      // Each event of a stopping job restarts its time limit.
      limit?.refresh();
      try {
        return onEvent?.(event as Event);
      } catch (error) {
        tellJob();
        interrupt(error);
        return undefined;
      }
    });
    signal?.addEventListener('abort', onAbort, { once: true });
    const endWatch = this.#watchAnswers(name, interrupt);
    try {
      const outcome = await Promise.race([this.#failed, interrupted, this.#run(id, name, args)]);
      if (outcome.ok) return outcome.value as Result;
      throw signal?.aborted === true ? signal.reason : decodeError(outcome.error);
    } finally {
      endWatch();
      clearTimeout(limit);
      signal?.removeEventListener('abort', onAbort);
      this.#eventHandlers.delete(id);
    }
  }

  /**
   * Asks the page again and again whether it answers.
   * @param onSilence called with the error when it has been silent for too long
   * @returns a function that ends the questions
   */
  #watchAnswers(name: string, onSilence: (error: BrowserError) => void): () => void {
    const { everyMs, limitMs } = this.#heartbeat;
    let isAsked = false;
    // Beats are counted, because a clock may go on while this machine sleeps.
    let silentMs = 0;
    const beat = () => {
      if (isAsked) {
        silentMs += everyMs;
        if (silentMs < limitMs) return;
        onSilence(
          new BrowserError(
            `The page has not answered for ${limitMs / 1000} s while it worked on the job '${name}', so it hangs. Start again, or use another browser.`,
          ),
        );
        return;
      }
      isAsked = true;
      silentMs = 0;
      const answered = () => (isAsked = false);
      // A page that is gone is noticed by its events.
      this.#page.evaluate(() => 0).then(answered, () => undefined);
    };
    const timer = setInterval(beat, everyMs);
    return () => clearInterval(timer);
  }

  async #load(url: string): Promise<void> {
    try {
      await this.#page.goto(url, { waitUntil: 'load', timeout: loadLimitMs });
    } catch (error) {
      throw new BrowserError(`The browser does not load ${url}: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  async #run(id: number, name: string, args: unknown): Promise<Outcome> {
    try {
      const outcome = await this.#page.evaluate(
        (id, name, args) => nudge.call(id, name, args, nudgeEmit),
        id,
        name,
        encode(args),
      );
      return decode(outcome) as Outcome;
    } catch (error) {
      throw new BrowserError(
        `The page was lost while it worked on the job '${name}': ${(error as Error).message} Start again, or use another browser.`,
        { cause: error },
      );
    }
  }
}

/** The outcome of an answer, encoded. */
function outcomeOf(answer: Promise<unknown>): Promise<string> {
  return answer.then(
    (value) => encode({ ok: true, value } satisfies Outcome),
    (error: unknown) => encode({ ok: false, error: encodeError(error) } satisfies Outcome),
  );
}

/** A promise that rejects when the page can no longer be trusted. */
function watch(browser: Browser, page: Page): Promise<never> {
  return new Promise((_, reject) => {
    const fail = (sentence: string, cause?: unknown) =>
      reject(new BrowserError(sentence, cause === undefined ? {} : { cause }));

    page.on('error', (error) => {
      fail(
        `The page crashed (${error.message}). Start again with a smaller network or mini-batch, or use another browser.`,
        error,
      );
    });
    page.on('close', () => fail('The page was closed while it was in use. Start again.'));
    page.on('pageerror', (error) => {
      fail(
        `The page has an uncaught error: ${error instanceof Error ? error.message : String(error)}`,
        error,
      );
    });
    page.on('console', (message) => {
      if (message.type() !== 'error') return;
      // Chromium prints this for an address that is not secure. Jobs that need isolation check for it.
      if (message.text().includes('Cross-Origin-Opener-Policy header has been ignored')) return;
      const { url } = message.location();
      fail(
        `The page reports an error: ${message.text()}${url === undefined || url === '' ? '' : ` (${url})`}`,
      );
    });
    browser.on('disconnected', () => {
      fail('The browser disconnected while it was in use. Start again, or use another browser.');
    });
  });
}
