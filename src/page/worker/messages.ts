/** Messages between a page and its worker: plain data that the browser copies. Errors keep their class: see wire.ts. */
import type { WireError } from '../wire.ts';

/** What a task takes, what it emits while it runs, and what it returns. */
export interface Task<Arguments, Event, Value> {
  arguments: Arguments;
  event: Event;
  value: Value;
}

/** A worker's tasks by name. */
export type TaskMap<Tasks> = { readonly [Name in keyof Tasks]: Task<unknown, unknown, unknown> };

export interface TaskContext<Event> {
  /** Aborts when the page no longer wants the result. */
  readonly signal: AbortSignal;
  readonly emit: (event: Event) => void;
  /** To the page. */
  readonly port: Port;
}

/** The functions of a worker's tasks. */
export type TaskFunctions<Tasks extends TaskMap<Tasks>> = {
  readonly [Name in keyof Tasks]: (
    args: Tasks[Name]['arguments'],
    context: TaskContext<Tasks[Name]['event']>,
  ) => Promise<Tasks[Name]['value']>;
};

/** From the page to the worker. */
export type Request =
  | { readonly type: 'start'; readonly id: number; readonly task: string; readonly args: unknown }
  | { readonly type: 'stop'; readonly id: number };

/** From the worker to the page. */
export type Reply =
  | { readonly type: 'ready'; readonly hasAdapter: boolean }
  /** Sent every second: the page treats a silent worker as dead. */
  | { readonly type: 'alive' }
  /** A message of the page could not be read: it does not say of which call. */
  | { readonly type: 'unread' }
  | { readonly type: 'event'; readonly id: number; readonly event: unknown }
  | { readonly type: 'done'; readonly id: number; readonly value: unknown }
  | { readonly type: 'failed'; readonly id: number; readonly error: WireError }
  /** Asks for a thread. Carries two ports: the first for the thread, the second for its errors and its end. */
  | { readonly type: 'thread' }
  /** Asks for a connection to a library in Node. Carries its port. */
  | { readonly type: 'peer' };

/** A worker, the inside of a worker, or an end of a message channel. */
export interface Port {
  postMessage(message: unknown, options?: StructuredSerializeOptions): void;
  onmessage: ((event: MessageEvent<never>) => void) | null;
  onmessageerror: ((event: MessageEvent<never>) => void) | null;
}
