import { EventEmitter } from 'node:events';

import { expect, it } from 'vitest';

import { Interruption } from '../../src/cli/errors.ts';
import { Interrupt, type SignalSource } from '../../src/cli/interrupt.ts';

function fakeProcess() {
  const emitter = new EventEmitter();
  const exits: number[] = [];
  const exit = (code: number) => void exits.push(code);
  return { emitter, exits, source: Object.assign(emitter, { exit }) as unknown as SignalSource };
}

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)('the first %s aborts the signal, the second ends with %d', (name, code) => {
  const { emitter, exits, source } = fakeProcess();
  let told = 0;
  const interrupt = new Interrupt(() => told++, source);
  expect(interrupt.interruption).toBeUndefined();
  emitter.emit(name, name);
  expect(told).toBe(1);
  expect(interrupt.signal.aborted).toBe(true);
  expect(interrupt.interruption).toBeInstanceOf(Interruption);
  expect(interrupt.interruption!.exitCode).toBe(code);
  expect(exits).toEqual([]);
  emitter.emit(name, name);
  expect(exits).toEqual([code]);
});

it('dispose removes the signal handlers', () => {
  const { emitter, source } = fakeProcess();
  const interrupt = new Interrupt(() => undefined, source);
  interrupt.dispose();
  expect(emitter.eventNames()).toEqual([]);
});
