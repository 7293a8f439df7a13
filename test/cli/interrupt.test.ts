import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { constants } from 'node:os';

import { expect, it } from 'vitest';

import { Interruption } from '../../src/cli/errors.ts';
import { Interrupt, type SignalSource } from '../../src/cli/interrupt.ts';

function fakeProcess() {
  const emitter = new EventEmitter();
  const exits: number[] = [];
  const end = ({ exitCode }: Interruption) => void exits.push(exitCode);
  return { emitter, exits, end, source: emitter as SignalSource };
}

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)('the first %s aborts the signal, the second ends with %d', (name, code) => {
  const { emitter, exits, end, source } = fakeProcess();
  let told = 0;
  const interrupt = new Interrupt(() => told++, source, end);
  expect(interrupt.interruption).toBeUndefined();
  emitter.emit(name, name);
  expect(told).toBe(1);
  expect(interrupt.signal.aborted).toBe(true);
  expect(interrupt.interruption).toBeInstanceOf(Interruption);
  expect(interrupt.interruption!.exitCode).toBe(code);
  expect(exits).toEqual([]);
  emitter.emit(name, name);
  expect([told, exits]).toEqual([1, [code]]);
});

// Native code that is freed while it computes may crash, so nothing may be freed.
it.for(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  'the second %s ends the process by the signal itself, after the exit listeners',
  async (name, context) => {
    if (process.platform === 'win32') context.skip('Windows has no signals');
    const program = `
      import { Interrupt } from ${JSON.stringify(new URL('../../src/cli/interrupt.ts', import.meta.url))};
      new Interrupt(() => process.stdout.write('stopping '));
      process.on('exit', (code) => process.stdout.write('cleared up ' + code));
      setInterval(() => undefined, 1000);
      process.stdout.write('ready ');
    `;
    const args = ['--import', 'tsx', '--input-type=module', '-e', program];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (/(ready|stopping) $/.test(text)) child.kill(name);
    });
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
    expect(text).toBe(`ready stopping cleared up ${128 + constants.signals[name]}`);
    expect([code, signal]).toEqual([null, name]);
  },
);

it('dispose removes the signal handlers', () => {
  const { emitter, source } = fakeProcess();
  const interrupt = new Interrupt(() => undefined, source);
  interrupt.dispose();
  expect(emitter.eventNames()).toEqual([]);
});
