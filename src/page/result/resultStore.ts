/** Keeps the results of this browser's own runs in IndexedDB. They leave the browser only if the reader saves them. */
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';

import { readResult } from '../../benchmark/result/read.ts';
import type { BenchmarkResult } from '../../benchmark/result/schema.ts';
import { writeResult } from '../../benchmark/result/write.ts';
import { BrowserError, FormatError } from '../../errors.ts';
import { nextTask } from '../nextTask.ts';

/** The oldest results beyond this many are deleted. */
export const maxKept = 50;

const storeName = 'results';

interface Records extends DBSchema {
  results: {
    /** When the run began, ISO 8601. A resumed run replaces its earlier part. */
    key: string;
    /** `text` is the result as JSON. */
    value: { readonly startedAt: string; readonly text: string };
  };
}

export interface KeptResult {
  readonly key: string;
  /** undefined if the stored text is damaged. */
  readonly result: BenchmarkResult | undefined;
}

/** @throws {BrowserError} if the browser refuses, as do the functions below */
export async function keep(result: BenchmarkResult): Promise<void> {
  await inStore(async (database) => {
    const { store, done } = database.transaction(storeName, 'readwrite');
    const { startedAt } = result;
    // Keys are in order, the oldest first.
    const keys = (await store.getAllKeys()).filter((key) => key !== startedAt);
    const old = keys.slice(0, Math.max(0, keys.length + 1 - maxKept));
    await Promise.all([
      ...old.map((key) => store.delete(key)),
      store.put({ startedAt, text: writeResult(result) }),
      done,
    ]);
  });
}

/** All results, the newest first. */
export async function listKept(): Promise<readonly KeptResult[]> {
  const records = await inStore((database) => database.getAll(storeName));
  const list: KeptResult[] = [];
  for (const { startedAt, text } of records.reverse()) {
    // Reading checks the whole result, so each gets a task of its own and the page stays responsive.
    await nextTask();
    list.push({ key: startedAt, result: readStored(startedAt, text) });
  }
  return list;
}

export async function forget(key: string): Promise<void> {
  await inStore((database) => database.delete(storeName, key));
}

export async function forgetAll(): Promise<void> {
  await inStore((database) => database.clear(storeName));
}

/** The reader or another program may have changed the stored text. */
function readStored(key: string, text: unknown): BenchmarkResult | undefined {
  if (typeof text !== 'string') return undefined;
  try {
    const result = readResult(text);
    return result.startedAt === key ? result : undefined;
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

async function inStore<T>(work: (database: IDBPDatabase<Records>) => Promise<T>): Promise<T> {
  let database: IDBPDatabase<Records> | undefined;
  try {
    database = await openDB<Records>('nudge', 1, {
      upgrade: (made) => void made.createObjectStore(storeName, { keyPath: 'startedAt' }),
    });
    return await work(database);
  } catch (cause) {
    const { name } = cause as Error;
    throw new BrowserError(
      name === 'QuotaExceededError'
        ? 'This browser has no room for another result (QuotaExceededError). Delete some of your results, or save this one as JSON.'
        : `This browser does not keep results for this page (${name}). Allow the page to store data, or save results as JSON.`,
      { cause },
    );
  } finally {
    database?.close();
  }
}
