import { expect, test } from 'vitest';
import { FormatError } from '../../../src/errors.ts';
import { JsonReader, quote } from '../../../src/formats/safetensors/json.ts';
import { errorOf } from '../../support/failure.ts';

test('strings read as JSON.parse reads them', () => {
  for (const text of ['', 'a', '"', '\\', '\\"', 'é😀\u2028\u007f', '\b\f\n\r\t\u0000', '/']) {
    const json = JSON.stringify(text);
    expect(new JsonReader(json, 0).string('s')).toBe(text);
    const units = Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
    const escaped = units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
    expect(new JsonReader(`"${escaped}"`, 0).string('s')).toBe(text);
  }
});

test('whole numbers read up to 2⁵³ − 1 and not beyond', () => {
  for (const value of [0, 1, 10, 4294967296, 9007199254740991]) {
    expect(new JsonReader(`${value}`, 0).wholeNumber('n')).toBe(value);
  }
  for (const text of ['9007199254740992', '-1', '+1', '1.', '.1', '1e3', '0x10', '00', '']) {
    expect(() => new JsonReader(text, 0).wholeNumber('n'), text).toThrow(FormatError);
  }
});

test('objects and arrays hand over each member in order', () => {
  const reader = new JsonReader(' { "b" : [ 1 , 2 ] , "a" : [ ] } ', 0);
  const read: [string, number[]][] = [];
  reader.object('o', (key) => {
    const numbers: number[] = [];
    reader.array('a', () => numbers.push(reader.wholeNumber('n')));
    read.push([key, numbers]);
  });
  reader.end();
  expect(read).toEqual([
    ['b', [1, 2]],
    ['a', []],
  ]);
});

test('offsets count bytes from where the text stands in the file', () => {
  const reader = new JsonReader('"ü😀" !', 100);
  reader.string('s');
  expect(errorOf(FormatError, () => reader.end()).offset).toBe(100 + 2 + 2 + 4 + 1);
});

test('a name is quoted on one line and cut when it is long', () => {
  expect(quote('a"b\n\u0000')).toBe(`'a"b\\n\\u0000'`);
  // A control sequence for the terminal, text from right to left, a line break and a hidden character.
  expect(quote('a\u009b31m\u202eb\u2028\u{e0041}')).toBe(
    `'a\\u009b31m\\u202eb\\u2028\\udb40\\udc41'`,
  );
  expect(quote('éßΩ日本👋')).toBe(`'éßΩ日本👋'`);
  expect(quote('x'.repeat(80))).toBe(`'${'x'.repeat(80)}'`);
  expect(quote('x'.repeat(81))).toBe(`'${'x'.repeat(79)}…'`);
});
