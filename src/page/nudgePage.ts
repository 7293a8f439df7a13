/**
 * The page's side of src/node/pageLink.ts: runs jobs by name. Everything that crosses is text, because what a browser's
 * remote protocol does to other values differs by browser.
 */
import { parse, stringify } from 'devalue';

import { ConfigurationError } from '../errors.ts';
import type { PageJob } from './jobs/pageJob.ts';
import { decodeError, encodeError, type WireError } from './wire.ts';

/**
 * Text of a value made of plain objects, arrays, typed arrays, strings, numbers, NaN and infinities too, booleans, null
 * and undefined.
 * @throws for anything else
 */
export function encode(value: unknown): string {
  return stringify(value, { Part: viewedPart });
}

/** What {@link encode} was given. */
export function decode(text: string): unknown {
  return parse(text, { Part: (part) => part as unknown });
}

/** A copy of what a typed array shows; `devalue` would send the whole memory, and refuse what threads share. */
function viewedPart(value: unknown): unknown {
  if (!ArrayBuffer.isView(value)) return undefined;
  const { buffer, byteLength } = value;
  const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength;
  return isWhole ? undefined : (value as Uint8Array).slice();
}

/** How a job ended. */
export type Outcome =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: WireError };

/** What Node finds in the page as `globalThis.nudge`. */
export interface NudgePage {
  /**
   * Runs a job to its end.
   * @param id chosen by the caller, to abort it by
   * @param args of the job, encoded
   * @param emit takes each event, encoded; gives the {@link Outcome} of dealing with it, encoded, where there is one
   * @returns the {@link Outcome}, encoded, once all events have been taken; it never rejects
   */
  call(
    id: number,
    name: string,
    args: string,
    emit: (id: number, event: string) => Promise<unknown>,
  ): Promise<string>;
  abort(id: number): void;
}

export function createNudgePage(jobs: Readonly<Record<string, PageJob>>): NudgePage {
  const aborts = new Map<number, AbortController>();
  return {
    async call(id, name, args, emit) {
      const abort = new AbortController();
      aborts.set(id, abort);
      try {
        const job = findJob(jobs, name);
        const value = await run(job, decode(args), (event) => emit(id, event), abort.signal);
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

function findJob(jobs: Readonly<Record<string, PageJob>>, name: string): PageJob {
  const job = Object.hasOwn(jobs, name) ? jobs[name] : undefined;
  if (job !== undefined) return job;
  const known = Object.keys(jobs).join(', ');
  throw new ConfigurationError(`The page knows no job '${name}'. It knows: ${known}.`);
}

async function run(
  job: PageJob,
  args: unknown,
  emit: (event: string) => Promise<unknown>,
  signal: AbortSignal,
): Promise<unknown> {
  // The result must not overtake the events, which travel on their own. A failed one stays in the set.
  const underway = new Set<Promise<unknown>>();
  const result = await job(args as never, {
    signal,
    emit(event) {
      const sent = emit(encode(event));
      underway.add(sent);
      sent.then(
        () => underway.delete(sent),
        () => undefined,
      );
      const answered = sent.then(valueOf);
      // Most jobs wait for no answer.
      answered.catch(() => undefined);
      return answered;
    },
  });
  await Promise.all(underway);
  return result;
}

function valueOf(text: unknown): unknown {
  if (typeof text !== 'string') return undefined;
  const outcome = decode(text) as Outcome;
  if (outcome.ok) return outcome.value;
  throw decodeError(outcome.error);
}
