/**
 * The page's side of src/node/browserSession.ts: runs jobs by name. Everything that crosses is text
 * (see wire.ts), because what a browser's remote protocol does to other values differs by browser.
 */
import { ConfigurationError } from '../errors.ts';
import { jobs } from './jobs/index.ts';
import type { Job } from './jobs/job.ts';
import { decode, encode, encodeError, type WireError } from './wire.ts';

/** How a job ended. */
export type Outcome =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: WireError };

/** What Node finds at `globalThis.nudge`. */
export interface NudgePage {
  /**
   * Runs a job to its end.
   * @param id chosen by the caller, to abort it by
   * @param args of the job, encoded
   * @param emit takes each event, encoded
   * @returns the {@link Outcome}, encoded, once all events have been taken; it never rejects
   */
  call(
    id: number,
    name: string,
    args: string,
    emit: (id: number, event: string) => Promise<void>,
  ): Promise<string>;
  abort(id: number): void;
}

function createPage(): NudgePage {
  const aborts = new Map<number, AbortController>();
  return {
    async call(id, name, args, emit) {
      const abort = new AbortController();
      aborts.set(id, abort);
      try {
        const value = await run(name, args, (event) => emit(id, event), abort.signal);
        return encode({ ok: true, value } satisfies Outcome);
      } catch (error) {
        return encode({ ok: false, error: encodeError(error) } satisfies Outcome);
      } finally {
        aborts.delete(id);
      }
    },
    abort: (id) => aborts.get(id)?.abort(),
  };
}

async function run(
  name: string,
  args: string,
  emit: (event: string) => Promise<void>,
  signal: AbortSignal,
): Promise<unknown> {
  const table: Partial<Record<string, Job>> = jobs;
  const job = Object.hasOwn(table, name) ? table[name] : undefined;
  if (job === undefined) {
    throw new ConfigurationError(
      `The page knows no job '${name}'. It knows: ${Object.keys(jobs).join(', ')}.`,
    );
  }
  // The result must not overtake the events, which travel on their own. A failed one stays in the set.
  const underway = new Set<Promise<void>>();
  const result = await job(decode(args) as never, {
    signal,
    emit(event) {
      const sent = emit(encode(event));
      underway.add(sent);
      return sent.then(() => void underway.delete(sent));
    },
  });
  await Promise.all(underway);
  return result;
}

Object.assign(globalThis, { nudge: createPage() });
