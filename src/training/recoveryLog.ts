/**
 * What a training needs to go on elsewhere: the last moment whose state the host has, and everything that was asked for
 * since then.
 */
import type { Dataset } from '../data/dataset.ts';
import { TrainingCursor, type TrainingPosition } from '../engine/cursor.ts';
import type { Engine, EngineState } from '../engine/engine.ts';

/** What an engine must be given to go on from a moment. */
export interface Moment {
  readonly position: TrainingPosition;
  /** Undefined: the initial network, and moments of 0. */
  readonly state?: EngineState;
  /** Whether training has given finite numbers so far. */
  readonly isFinite: boolean;
  readonly training?: Dataset | undefined;
  /** Of the current epoch, once one has begun. */
  readonly order?: Uint32Array<ArrayBuffer> | undefined;
}

/** What was asked of the engine. */
export interface Operation<T> {
  /** @param made the result, if it is known and the operation is repeated */
  perform(engine: Engine, made: T | undefined): Promise<T>;
  /** The moment after the operation. Absent: the operation changes nothing. */
  after?(moment: Moment, made: T): Moment;
  /**
   * `state`: the engine's state is known after it, so the log before it is not needed. `snapshot`: the same, but the
   * recovery itself asked for it. `load`: later operations need its end. `run`: makes steps.
   */
  readonly kind?: 'state' | 'snapshot' | 'load' | 'run';
}

/** An operation, and the promise of its result. */
export class Call<T> {
  readonly operation: Operation<T>;
  readonly answer: Promise<T>;
  isAnswered = false;
  made: T | undefined;
  /** Methods, so that a list can hold calls of any result. */
  #settle!: { resolve(made: T): void; reject(error: unknown): void };

  constructor(operation: Operation<T>) {
    this.operation = operation;
    this.answer = new Promise<T>((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
  }

  resolve(made: T): void {
    this.made = made;
    this.isAnswered = true;
    this.#settle.resolve(made);
  }

  reject(error: unknown): void {
    this.#settle.reject(error);
  }

  async perform(engine: Engine): Promise<T> {
    return await this.operation.perform(engine, this.made);
  }

  /** Whether it is answered and the engine's state is known after it. */
  get hasState(): boolean {
    const { kind } = this.operation;
    return this.isAnswered && (kind === 'state' || kind === 'snapshot');
  }

  /** The moment after it; call it only once it is answered. */
  after(moment: Moment): Moment {
    return this.operation.after?.(moment, this.made as T) ?? moment;
  }
}

/** The calls since the last moment whose state is known, in order. */
export class RecoveryLog implements Iterable<Call<unknown>> {
  #base: Moment = { position: new TrainingCursor().position, isFinite: true };
  /** Calls that have changed the state, and calls without an answer yet. */
  readonly #calls = new Set<Call<unknown>>();
  #orderEntries = 0;
  /** Whether an answered call may replace the base. */
  #hasState = false;

  /** The last moment known on the host. */
  get base(): Moment {
    return this.#base;
  }

  /** Entries of the epochs' orders that are kept. */
  get orderEntries(): number {
    return this.#orderEntries;
  }

  /** A set, so that a loop also visits calls that are added meanwhile. */
  [Symbol.iterator](): Iterator<Call<unknown>> {
    return this.#calls[Symbol.iterator]();
  }

  /** @param orderEntries of the order that the call holds */
  add(call: Call<unknown>, orderEntries = 0): void {
    this.#calls.add(call);
    this.#orderEntries += orderEntries;
  }

  delete(call: Call<unknown>): void {
    this.#calls.delete(call);
  }

  clear(): void {
    this.#calls.clear();
  }

  rejectAll(error: Error): void {
    for (const call of this.#calls) call.reject(error);
    this.clear();
  }

  /** Answers a call, and keeps it if it has changed the state. @param isNeeded false: nothing will be repeated any more */
  answer<T>(call: Call<T>, made: T, isNeeded: boolean): void {
    call.resolve(made);
    if (!call.operation.after || !isNeeded) this.#calls.delete(call);
    else if (call.hasState) this.#hasState = true;
    if (this.#hasState) this.#forget();
  }

  /** The moment after everything that is answered. */
  now(): Moment {
    let moment = this.#base;
    for (const call of this.#calls) if (call.isAnswered) moment = call.after(moment);
    return moment;
  }

  /** Forgets the calls before the last known state. */
  #forget(): void {
    let moment = this.#base;
    let passed: Call<unknown>[] = [];
    this.#hasState = false;
    let isComplete = true;
    for (const call of this.#calls) {
      isComplete &&= call.isAnswered;
      if (!isComplete) {
        // An earlier call is not answered yet. If the device is lost, it is repeated.
        this.#hasState ||= call.hasState;
        continue;
      }
      moment = call.after(moment);
      passed.push(call);
      // Nothing can be trained from a state that is not finite.
      if (!call.hasState || !moment.isFinite) continue;
      this.#base = moment;
      for (const one of passed) this.#calls.delete(one);
      passed = [];
      this.#orderEntries = 0;
    }
  }
}
