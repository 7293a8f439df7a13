import { PassThrough } from 'node:stream';

import { describe, expect, it } from 'vitest';

import { Terminal } from '../../src/cli/terminal.ts';

/** Streams that remember what was written to them. */
function fakeStreams(options: { isTTY: boolean; environment?: Record<string, string> }) {
  const text = { stdout: '', stderr: '' };
  const stream = (name: keyof typeof text) => {
    const through = new PassThrough();
    through.on('data', (chunk: Buffer) => (text[name] += chunk.toString()));
    return Object.assign(through, {
      isTTY: options.isTTY,
      columns: 200,
    }) as unknown as NodeJS.WriteStream;
  };
  const environment = options.environment ?? {};
  return { text, streams: { stdout: stream('stdout'), stderr: stream('stderr'), environment } };
}

describe('into a pipe', () => {
  it('results go to stdout and notes to stderr; bars and remarks are left out', () => {
    const { text, streams } = fakeStreams({ isTTY: false });
    const terminal = new Terminal(streams);
    const bar = terminal.bar('[{bar}]', 10);
    bar.update(5);
    terminal.note('a note');
    terminal.remark('a remark');
    terminal.detail('a detail');
    terminal.result('the result');
    terminal.error('a fault');
    bar.stop();
    expect(text).toEqual({ stdout: 'the result\n', stderr: 'a note\nerror: a fault\n' });
  });

  it('only the report goes to stdout if it is wanted there', () => {
    const { text, streams } = fakeStreams({ isTTY: false });
    const terminal = new Terminal(streams, { jsonOnStdout: true });
    terminal.result('the result');
    terminal.json('{}');
    expect(text).toEqual({ stdout: '{}\n', stderr: 'the result\n' });
  });
});

describe('on a terminal', () => {
  it('a bar is shown, redrawn below lines, and removed at the end', () => {
    const { text, streams } = fakeStreams({ isTTY: true });
    const terminal = new Terminal(streams);
    const bar = terminal.bar('{what} [{bar}] {percentage}%', 10, { what: 'first' });
    bar.update(5, { what: 'second' });
    terminal.detail('a line');
    bar.stop();
    expect(text.stdout).toBe('a line\n');
    expect(text.stderr).toContain('first [------------------------] 0%');
    expect(text.stderr).toContain('second [============------------] 50%');
    // The last output erases the line.
    expect(text.stderr.endsWith('\u001b[2K')).toBe(true);
  });

  it('a bar restores the terminal when the process ends', () => {
    const { text, streams } = fakeStreams({ isTTY: true });
    const others = process.listeners('exit');
    const bar = new Terminal(streams).bar('[{bar}]', 10);
    const mine = process.listeners('exit').filter((listener) => !others.includes(listener));
    expect(mine).toHaveLength(1);
    // Lines do not wrap while there is a bar.
    expect(text.stderr).toContain('\u001b[?7l');
    mine[0]!.call(process, 130);
    expect(text.stderr).toContain('\u001b[?7h');
    bar.stop();
    expect(process.listeners('exit')).toEqual(others);
  });

  it('that is dumb, no control character is written', () => {
    const { text, streams } = fakeStreams({ isTTY: true, environment: { TERM: 'dumb' } });
    const terminal = new Terminal(streams);
    const bar = terminal.bar('{what} [{bar}] {percentage}%', 10, { what: 'first' });
    bar.update(5, { what: 'second' });
    terminal.note('a note');
    terminal.error('a fault');
    bar.stop();
    expect(text.stderr).toBe('a note\nerror: a fault\n');
  });

  it('notes are dim unless colours are turned off', () => {
    const noted = (environment: Record<string, string>) => {
      const { text, streams } = fakeStreams({ isTTY: true, environment });
      new Terminal(streams).note('a note');
      return text.stderr;
    };
    expect(noted({})).toBe('\u001b[2ma note\u001b[0m\n');
    expect(noted({ NO_COLOR: '' })).toBe('\u001b[2ma note\u001b[0m\n');
    expect(noted({ NO_COLOR: '1' })).toBe('a note\n');
    expect(noted({ TERM: 'dumb' })).toBe('a note\n');
  });
});
