import { expect, it } from 'vitest';

import { describeError, exitCodeOf, Interruption, UsageError } from '../../src/cli/errors.ts';
import { ConfigurationError, FormatError, NoAdapterError } from '../../src/errors.ts';

it('each error has its exit code', () => {
  expect(exitCodeOf(new UsageError('x'))).toBe(2);
  expect(exitCodeOf(new ConfigurationError('x'))).toBe(2);
  expect(exitCodeOf(new NoAdapterError('x'))).toBe(1);
  expect(exitCodeOf(new FormatError('x', 0))).toBe(1);
  expect(exitCodeOf(new TypeError('x'))).toBe(1);
  expect(exitCodeOf('thrown text')).toBe(1);
  expect(exitCodeOf(new Interruption('SIGINT'))).toBe(130);
  expect(exitCodeOf(new Interruption('SIGTERM'))).toBe(143);
});

it('nudge’s own errors show their message, any other its stack as a bug', () => {
  expect(describeError(new NoAdapterError('There is no adapter.'))).toBe('There is no adapter.');
  const text = describeError(new TypeError('x is not a function'));
  expect(text).toContain('This is a bug in nudge; please report it with this text:');
  expect(text).toContain('TypeError: x is not a function');
  expect(text).toContain('errors.test.ts');
  expect(describeError('thrown text')).toContain('thrown text');
});
