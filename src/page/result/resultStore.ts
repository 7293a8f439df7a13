/** The results of this browser's own runs, in its IndexedDB. They leave it only if the reader takes them along. */
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';

import { readResult } from '../../benchmark/result/read.ts';
import type { BenchmarkResult } from '../../benchmark/result/schema.ts';
import { writeResult } from '../../benchmark/result/write.ts';
import { BrowserError, FormatError } from '../../errors.ts';
import { nextTask } from '../nextTask.ts';

/** Results that are kept; the oldest go first. */
export const maxKept = 50;

const storeName = 'results';

interface Records extends DBSchema {
  results: {
    /** When the run began, ISO 8601: a run that is resumed replaces its former part. */
    key: string;
    value: {
      readonly startedAt: string;
      /** JSON, as it would be in a file. */
      readonly text: string;
    };
  };
}

export interface KeptResult {
  readonly key: string;
  /** Missing where what is stored is damaged. */
  readonly result?: BenchmarkResult;
}

/** @throws {BrowserError} if the browser does not store it */
export async function keep(result: BenchmarkResult): Promise<void> {
  await inStore(async (database) => {
    const { store, done } = database.transaction(storeName, 'readwrite');
    const { startedAt } = result;
    const keys = (await store.getAllKeys()).filter((key) => key !== startedAt);
    // Keys come in their order, the oldest first.
    const old = keys.slice(0, Math.max(0, keys.length + 1 - maxKept));
    await Promise.all([
      ...old.map((key) => store.delete(key)),
      store.put({ startedAt, text: writeResult(result) }),
      done,
    ]);
  });
}

/**
 * All that is kept, the newest first.
 * @throws {BrowserError} if the browser does not give them
 */
export async function listKept(): Promise<readonly KeptResult[]> {
  const records = await inStore(async (database) => await database.getAll(storeName));
  const list: KeptResult[] = [];
  for (const { startedAt, text } of records.reverse()) {
    // Reading checks all of a result: the page stays responsive in between.
    await nextTask();
    list.push({ key: startedAt, ...readStored(startedAt, text) });
  }
  return list;
}

/** @throws {BrowserError} if the browser does not delete it */
export async function forget(key: string): Promise<void> {
  await inStore(async (database) => await database.delete(storeName, key));
}

/** @throws {BrowserError} if the browser does not delete them */
export async function forgetAll(): Promise<void> {
  await inStore(async (database) => await database.clear(storeName));
}

/** A reader, or another program, may have changed what is stored. */
function readStored(key: string, text: unknown): { readonly result?: BenchmarkResult } {
  if (typeof text !== 'string') return {};
  try {
    const result = readResult(text);
    return result.startedAt === key ? { result } : {};
  } catch (error) {
    if (error instanceof FormatError) return {};
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
