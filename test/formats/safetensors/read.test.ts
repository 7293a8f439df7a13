import { describe, expect, test } from 'vitest';
import { FormatError } from '../../../src/errors.ts';
import { readSafetensors } from '../../../src/formats/safetensors.ts';
import { errorOf } from '../../support/failure.ts';
import { oneTensor, safetensorsFile } from '../safetensorsFile.ts';

/** Two tensors of four bytes each, `a` at `first` and `b` at `second`. */
function twoTensors(first: string, second: string): string {
  const entry = (offsets: string) => `{"dtype":"U8","shape":[4],"data_offsets":${offsets}}`;
  return `{"a":${entry(first)},"b":${entry(second)}}`;
}

function refusal(header: string | Uint8Array, dataBytes = 8): FormatError {
  return errorOf(FormatError, () => readSafetensors(safetensorsFile(header, dataBytes)));
}

/** The byte of the file where `part` of an ASCII header begins. */
const byteOf = (header: string, part: string) => 8 + header.indexOf(part);

describe('a safetensors file is taken', () => {
  test.each([
    ['without tensors', '{}', 0, []],
    ['with one tensor', oneTensor(), 8, ['a']],
    ['with a single number', oneTensor({ shape: '[]', offsets: '[0,4]' }), 4, ['a']],
    ['with no elements', oneTensor({ shape: '[3,0]', offsets: '[0,0]' }), 0, ['a']],
    [
      'with half-byte elements that fill bytes',
      oneTensor({ dtype: '"F4"', shape: '[16]' }),
      8,
      ['a'],
    ],
    ['with tensors in any order', twoTensors('[4,8]', '[0,4]'), 8, ['b', 'a']],
    [
      'with space before, between and after',
      ` ${oneTensor()}\n`.trimStart().replaceAll(',', ' ,\t'),
      8,
      ['a'],
    ],
    [
      'with names JavaScript knows',
      oneTensor().replace('"a"', '"constructor"'),
      8,
      ['constructor'],
    ],
    ['with escaped names', oneTensor().replace('"a"', '"\\u0061\\ud83d\\ude00\\""'), 8, ['a😀"']],
  ])('%s', (_, header, dataBytes, names) => {
    expect([...readSafetensors(safetensorsFile(header, dataBytes)).tensors.keys()]).toEqual(names);
  });

  test('with metadata, every key of it', () => {
    const { metadata } = readSafetensors(
      safetensorsFile('{"__metadata__":{"format":"pt","toString":"x","":"ü"}}'),
    );
    expect([...metadata]).toEqual([
      ['format', 'pt'],
      ['toString', 'x'],
      ['', 'ü'],
    ]);
  });

  test('whose bytes begin in the middle of a buffer, and its tensors are views of them', () => {
    const file = safetensorsFile(oneTensor(), 8);
    const within = new Uint8Array(file.length + 6);
    within.set(file, 3);
    const { data } = readSafetensors(within.subarray(3, 3 + file.length)).tensors.get('a')!;
    expect([...data]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(data.buffer).toBe(within.buffer);
    expect(data.byteOffset).toBe(within.length - 3 - 8);
  });
});

describe('the header length is refused', () => {
  test.each([0, 1, 7])('when the file has %i bytes', (length) => {
    const error = errorOf(FormatError, () => readSafetensors(new Uint8Array(length)));
    expect(error.message).toContain(`8 bytes of header length, but this file has ${length} bytes`);
    expect(error.offset).toBe(length);
  });

  test.each([
    [
      'one more byte than the file',
      [oneTensor().length + 1, 0],
      /ends at byte 63, but the file has 62/,
    ],
    ['1000 for a small file', [1000, 0], /ends at byte 1008, but the file has 62/],
    ['the limit for a small file', [100_000_000, 0], /ends at byte 100000008/],
    [
      'one above the limit',
      [100_000_001, 0],
      /100000001 bytes, is above the format's limit of 100000000/,
    ],
    ['2³² and a small number', [54, 1], /4294967350 bytes, is above/],
    ['2⁶⁴ − 1', [0xffffffff, 0xffffffff], /18446744073709551615 bytes, is above/],
    [
      '2⁶⁴ − 8, which plus 8 is 0',
      [0xfffffff8, 0xffffffff],
      /18446744073709551608 bytes, is above/,
    ],
  ])('when it is %s', (_, [low, high], message) => {
    const file = safetensorsFile(oneTensor(), 0);
    expect(file.length).toBe(62);
    new DataView(file.buffer).setUint32(0, low!, true);
    new DataView(file.buffer).setUint32(4, high!, true);
    const error = errorOf(FormatError, () => readSafetensors(file));
    expect(error.message).toMatch(message);
    expect(error.offset).toBe(0);
  });
});

describe('the header is refused', () => {
  test.each([
    ['that is empty', '', /begins with '\{' \(byte 0x7b\), but this one is empty/],
    ['that begins with a space', ` ${oneTensor()}`, /begins .* with byte 0x20/],
    ['that begins with a byte order mark', `\ufeff${oneTensor()}`, /begins .* with byte 0xef/],
    ['that is an array', '[]', /begins .* with byte 0x5b/],
  ])('%s', (_, header, message) => {
    const error = refusal(header);
    expect(error.message).toMatch(message);
    expect(error.offset).toBe(8);
  });

  test.each([
    ['a stray continuation byte', [0x80], 0],
    ['an overlong slash', [0xc0, 0xaf], 0],
    ['an encoded surrogate', [0xed, 0xa0, 0x80], 0],
    ['a character cut short, after good ones', [0xc3, 0xa9, 0xe2, 0x82], 2],
  ])('that is not UTF-8: %s', (_, bytes, wrong) => {
    const before = Buffer.from('{"');
    const header = Uint8Array.from([...before, ...bytes, ...Buffer.from('":{}}')]);
    const error = refusal(header);
    expect(error.message).toContain('must be UTF-8, but its byte');
    expect(error.offset).toBe(8 + before.length + wrong);
  });

  test('that breaks off in a character that begins like U+FFFD', () => {
    for (const bytes of [[0xef], [0xef, 0xbf]]) {
      const header = Uint8Array.from([...Buffer.from('{"'), ...bytes]);
      expect(refusal(header).offset).toBe(8 + header.length - 1);
    }
  });

  const tensor = oneTensor().slice(5, -1);
  test.each([
    ['that stops', '{', '', 'Expected a key of the header, a string; got nothing'],
    ['that stops in a name', '{"a', '', 'The header ends within a key of the header.'],
    ['that stops in an escape', '{"a\\', '', 'The header ends within a key of the header.'],
    [
      'with a comma too many',
      `{"a":${tensor}, ;`,
      ';',
      "Expected a key of the header, a string; got ';'",
    ],
    ['without a colon', `{"a" ${tensor}}`, '{"dtype', "Expected ':' after key 'a'"],
    [
      'without a comma',
      `{"a":${tensor}"b":1}`,
      '"b"',
      "Expected ',' or '}' in the header; got '\"'",
    ],
    ['that goes on', `${oneTensor()}{}`, '{}', "Expected the end of the header; got '{'"],
    ['with a zero byte for padding', `${oneTensor()}\0`, '\0', 'Expected the end of the header'],
    ['with a comment', `{/**/"a":${tensor}}`, '/**/', "a string; got '/'"],
    ['with a raw line feed in a name', `{"a\nb":${tensor}}`, '\n', 'a control character in a key'],
    ['with an unknown escape', `{"\\x41":${tensor}}`, '\\x41', 'is not valid JSON'],
    ['with half a surrogate pair', `{"\\ud800":${tensor}}`, '\\ud800', 'half a surrogate pair'],
    [
      'whose tensor is a number',
      '{"a":1}',
      '1',
      "Expected tensor 'a', which begins with '{'; got '1'",
    ],
    [
      'whose tensor is an array',
      '{"a":["F32",[2],[0,8]]}',
      '[',
      "tensor 'a', which begins with '{'",
    ],
    ['with metadata null', '{"__metadata__":null}', 'null', '__metadata__, which begins with'],
    [
      'with a number as metadata',
      '{"__metadata__":{"a":1}}',
      '1',
      "metadata 'a', a string; got '1'",
    ],
    ['with a list as metadata', '{"__metadata__":{"a":[]}}', '[', "metadata 'a', a string"],
  ])('%s', (_, header, at, message) => {
    const error = refusal(header);
    expect(error.message).toContain(message);
    expect(error.offset).toBe(at === '' ? 8 + header.length : byteOf(header, at));
  });

  test.each([
    ['two tensors', `{"a":${tensor},"a":${tensor}}`, '"a":', 'in the header'],
    [
      'two tensors, one name escaped',
      `{"a":${tensor},"\\u0061":${tensor}}`,
      '"\\u0061":',
      'in the header',
    ],
    ['two metadata', '{"__metadata__":{},"__metadata__":{}}', '"__metadata__":', 'in the header'],
    ['two entries of metadata', '{"__metadata__":{"a":"1","a":"2"}}', '"a":', 'in __metadata__'],
    ['two shapes', `{"a":{"shape":[2],"shape":[2]}}`, '"shape":', "in tensor 'a'"],
  ])('in which a key occurs twice: %s', (_, header, key, where) => {
    const error = refusal(header);
    const second = 8 + header.lastIndexOf(key);
    expect(error.message).toContain(`occurs twice ${where}, at bytes `);
    expect(error.message).toContain(` and ${second} of the file`);
    expect(error.offset).toBe(second);
  });

  test.each([
    ['a tensor', `{"__proto__":${tensor}}`],
    ['an escaped name', `{"\\u005f_proto__":${tensor}}`],
    ['metadata', '{"__metadata__":{"__proto__":"x"}}'],
    ['a field', '{"a":{"__proto__":{}}}'],
  ])('in which __proto__ is the name of %s', (_, header) => {
    expect(refusal(header).message).toContain("Key '__proto__' is not allowed in");
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  test('with the byte of the file, not the character, where names are not ASCII', () => {
    const header = `{"ü😀":{"dtype":"F33"}}`;
    expect(refusal(header).offset).toBe(8 + Buffer.from(header).indexOf('"F33"'));
  });
});

describe('a tensor is refused', () => {
  test.each([
    [
      'of an unknown dtype',
      { dtype: '"F33"' },
      '"F33"',
      "dtype of tensor 'a' is 'F33'. It must be one of BOOL, F4,",
    ],
    ['of a dtype in lower case', { dtype: '"f32"' }, '"f32"', "is 'f32'"],
    ['of a dtype that objects have', { dtype: '"constructor"' }, '"con', "is 'constructor'"],
    ['of a dtype that is a number', { dtype: '32' }, '32', 'a string'],
    [
      'of a shape that is a number',
      { shape: '2' },
      '2,',
      "shape of tensor 'a', which begins with '['",
    ],
    [
      'of a negative size',
      { shape: '[-2]' },
      '-2',
      "an integer from 0 to 9007199254740991; got '-2'",
    ],
    ['of minus no size', { shape: '[-0]' }, '-0', "got '-0'"],
    ['of a size with a point', { shape: '[2.0]' }, '2.0', "got '2.0'"],
    ['of a size with an exponent', { shape: '[2e0]' }, '2e0', "got '2e0'"],
    ['of a size with a leading zero', { shape: '[02]' }, '02', "got '02'"],
    ['of a size that is a string', { shape: '["2"]' }, '"2"', 'an integer'],
    ['of a size NaN', { shape: '[NaN]' }, 'NaN', "got 'NaN'"],
    [
      'of size 2⁵³',
      { shape: '[9007199254740992]' },
      '9007',
      'an integer from 0 to 9007199254740991',
    ],
    ['of a size of 400 digits', { shape: `[1${'0'.repeat(400)}]` }, '1000', 'an integer'],
    [
      'of another length than its shape',
      { shape: '[3]' },
      '[0,8]',
      'shape [3] takes 12 bytes, but its data_offsets 0 to 8 are 8 bytes',
    ],
    [
      'of another length than its dtype',
      { dtype: '"F64"' },
      '[0,8]',
      'dtype F64 and shape [2] takes 16 bytes',
    ],
    // 2³² · 2³² wraps round to 0 in 64 bits; (2⁵³ − 1)² is far beyond what a double counts.
    [
      'of sizes that wrap round',
      { shape: '[4294967296,4294967296]', offsets: '[0,0]' },
      '[0,0]',
      'takes more than 2⁵³ bits',
    ],
    [
      'of sizes that wrap round before a 0',
      { shape: '[4294967296,4294967296,0]', offsets: '[0,0]' },
      '[0,0]',
      'takes more than 2⁵³ bits',
    ],
    [
      'of more bytes than can be counted',
      { shape: '[9007199254740991]' },
      '[0,8]',
      'takes more than 2⁵³ bits',
    ],
    ['of half a byte', { dtype: '"F4"', shape: '[15]' }, '[0,8]', 'takes a part of a byte'],
    [
      'that ends before it begins',
      { offsets: '[8,0]' },
      '[8,0]',
      'ends at offset 0, before it begins at 8',
    ],
    ['with one offset', { offsets: '[8]' }, '[8]', 'must be 2 numbers, begin and end; got 1'],
    [
      'with three offsets',
      { offsets: '[0,8,8]' },
      '[0,8,8]',
      'must be 2 numbers, begin and end; got 3',
    ],
    ['with a negative offset', { offsets: '[-8,0]' }, '-8', "got '-8'"],
    ['with an offset of 2⁶⁴', { offsets: '[0,18446744073709551616]' }, '1844', 'an integer'],
  ])('%s', (_, fields, at, message) => {
    const header = oneTensor(fields);
    const error = refusal(header);
    expect(error.message).toContain(message);
    expect(error.offset).toBe(byteOf(header, at));
  });

  test.each(['dtype', 'shape', 'data_offsets'])('without %s', (field) => {
    const fields = { dtype: '"F32"', shape: '[2]', data_offsets: '[0,8]' };
    const kept = Object.entries(fields).filter(([name]) => name !== field);
    const header = `{"a":{${kept.map(([name, value]) => `"${name}":${value}`).join(',')}}}`;
    expect(refusal(header).message).toBe(`The tensor 'a' has no ${field}.`);
  });

  test('with a field that no writer writes', () => {
    const header = oneTensor().replace('}}', ',"strides":[1]}}');
    const error = refusal(header);
    expect(error.message).toContain("has an unknown field 'strides'");
    expect(error.offset).toBe(byteOf(header, '"strides"'));
  });

  test('with a long name, which is cut in the message', () => {
    const error = refusal(`{"${'x'.repeat(1e5)}":{}}`);
    expect(error.message.length).toBeLessThan(200);
  });
});

describe('the data is refused', () => {
  test.each([
    [
      'tensors share all bytes',
      twoTensors('[0,4]', '[0,4]'),
      4,
      /'b' begins at offset 0, but tensor 'a' ends at 4: they overlap/,
    ],
    [
      'tensors share some bytes',
      twoTensors('[0,4]', '[2,6]'),
      6,
      /'b' begins at offset 2, .* they overlap/,
    ],
    [
      'bytes before the first are no tensor',
      twoTensors('[1,5]', '[5,9]'),
      9,
      /'a' begins at offset 1, but the data begins at 0/,
    ],
    [
      'bytes between are no tensor',
      twoTensors('[0,4]', '[5,9]'),
      9,
      /'b' begins at offset 5, but tensor 'a' ends at 4: the bytes between/,
    ],
  ])('when %s', (_, header, dataBytes, message) => {
    const error = refusal(header, dataBytes);
    expect(error.message).toMatch(message);
    expect(header.slice(error.offset - 8)).toMatch(/^\[\d,\d]/);
  });

  test('when the file ends before the last tensor', () => {
    const header = oneTensor();
    const error = refusal(header, 7);
    const end = 8 + header.length + 7;
    expect(error.message).toContain(
      `end at byte ${end + 1}, but the file has ${end} bytes. It was cut short`,
    );
    expect(error.offset).toBe(end);
  });

  test('when the file goes on after the last tensor', () => {
    const header = oneTensor();
    const error = refusal(header, 9);
    const end = 8 + header.length + 8;
    expect(error.message).toContain(
      `end at byte ${end}, but the file has ${end + 1} bytes. The rest belongs`,
    );
    expect(error.offset).toBe(end);
  });

  test('when a hundred thousand tensors claim the same bytes', () => {
    const entry = '{"dtype":"F32","shape":[200,200],"data_offsets":[0,160000]}';
    const names = Array.from({ length: 1e5 }, (_, i) => `"weight_${i}":${entry}`);
    const header = Buffer.from(`{${names.join(',')}}`);
    const file = new Uint8Array(8 + header.length + 160_000);
    new DataView(file.buffer).setUint32(0, header.length, true);
    file.set(header, 8);
    expect(errorOf(FormatError, () => readSafetensors(file)).message).toContain('they overlap');
  });
});
