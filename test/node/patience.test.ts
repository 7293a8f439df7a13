/** How often Dawn in Node looks for finished work, with a Dawn and a clock of the test's own. */
import { expect, it } from 'vitest';

import { makePatient, Patience, type Clock } from '../../src/node/patience.ts';
import { failureOf } from '../support/failure.ts';

/** A clock that goes on when it is told to, by a turn of 0.1 ms at a time. */
class FakeClock implements Clock {
  #time = 100;
  #due: { readonly at: number; readonly callback: () => void }[] = [];
  readonly asked: ('soon' | 'later')[] = [];

  readonly now = () => this.#time;

  readonly soon = (callback: () => void) => {
    this.asked.push('soon');
    this.#due.push({ at: this.#time, callback });
  };

  readonly later = (callback: () => void, ms: number) => {
    this.asked.push('later');
    this.#due.push({ at: this.#time + ms, callback });
  };

  async pass(ms: number): Promise<void> {
    for (const end = this.#time + ms; this.#time < end;) {
      this.#time += 0.1;
      const due = this.#due.filter(({ at }) => at < this.#time);
      this.#due = this.#due.filter((entry) => !due.includes(entry));
      for (const { callback } of due) callback();
      // What was resolved meanwhile is heard of before the next turn.
      await Promise.resolve();
      await Promise.resolve();
    }
  }
}

/** Waits as Dawn does: it looks by `globalThis.setImmediate`, over and over, until it is done. */
class FakeQueue {
  isDone = false;
  looks = 0;
  #failure: Error | undefined;
  #settle: (() => void) | undefined;

  onSubmittedWorkDone(): Promise<void> {
    this.#look();
    return new Promise((resolve, reject) => {
      this.#settle = () => (this.#failure ? reject(this.#failure) : resolve());
    });
  }

  fail(error: Error): void {
    this.#failure = error;
    this.isDone = true;
  }

  #look(): void {
    globalThis.setImmediate(() => {
      this.looks++;
      if (this.isDone) this.#settle!();
      else this.#look();
    });
  }
}

function patientQueues() {
  // A class of its own each time: it is changed for good.
  class GPUQueue extends FakeQueue {
    override onSubmittedWorkDone(): Promise<void> {
      return super.onSubmittedWorkDone();
    }
  }
  const clock = new FakeClock();
  makePatient({ GPUQueue }, new Patience(clock));
  return { queue: new GPUQueue(), other: new GPUQueue(), clock, GPUQueue };
}

const method = (type: { readonly prototype: object }) =>
  Object.getOwnPropertyDescriptor(type.prototype, 'onSubmittedWorkDone')?.value as unknown;

it('looks in every turn for 2 ms, and then once a millisecond', async () => {
  const { queue, clock } = patientQueues();
  const done = queue.onSubmittedWorkDone();
  await clock.pass(1.9);
  expect(new Set(clock.asked)).toEqual(new Set(['soon']));
  const alert = queue.looks;
  expect(alert).toBeGreaterThan(15);
  await clock.pass(100);
  expect(clock.asked.at(-1)).toBe('later');
  expect(queue.looks - alert).toBeGreaterThan(80);
  expect(queue.looks - alert).toBeLessThan(110);
  queue.isDone = true;
  await clock.pass(1.5);
  await done;
});

it('is alert again when a wait has ended, and when another begins', async () => {
  const { queue, other, clock } = patientQueues();
  const first = queue.onSubmittedWorkDone();
  await clock.pass(50);
  other.isDone = true;
  const before = clock.asked.length;
  await Promise.all([other.onSubmittedWorkDone(), clock.pass(1)]);
  expect(clock.asked.slice(before).filter((when) => when === 'soon').length).toBeGreaterThan(3);
  queue.isDone = true;
  await clock.pass(2);
  await first;
});

it('leaves the setImmediate of everybody else alone, while it waits, when done and when refused', async () => {
  const usual = globalThis.setImmediate;
  const { queue, clock } = patientQueues();
  const done = queue.onSubmittedWorkDone();
  expect(globalThis.setImmediate).toBe(usual);
  await clock.pass(10);
  expect(globalThis.setImmediate).toBe(usual);
  queue.fail(new RangeError('lost'));
  const failure = failureOf(done, RangeError);
  await clock.pass(2);
  expect((await failure).message).toBe('lost');
  expect(globalThis.setImmediate).toBe(usual);
});

it('passes on what a listener that Dawn calls asks of setImmediate', async () => {
  const clock = new FakeClock();
  const called: unknown[] = [];
  await new Patience(clock).begin(() => {
    globalThis.setImmediate((...values) => called.push(values), 'one', 2);
    return Promise.resolve();
  });
  await clock.pass(1);
  expect(called).toEqual([['one', 2]]);
});

it('changes classes once, and passes over what a version lacks', () => {
  const { GPUQueue } = patientQueues();
  const changed = method(GPUQueue);
  makePatient({ GPUQueue });
  expect(method(GPUQueue)).toBe(changed);
  class Bare extends FakeClock {}
  makePatient({ GPUQueue: Bare });
  makePatient({});
  expect(method(Bare)).toBeUndefined();
});
