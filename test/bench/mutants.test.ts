import { describe, expect, it } from 'vitest';

import { mutantsOf } from '../../bench/mutants/wgsl.ts';

const shader = (store: string, size = 4) => `
const K4 = ${size}u;
fn store(row: u32, column4: u32, sum: vec4f) {
  ${store}
}`;

/** What every fault makes of a line. */
const madeOf = (line: string) =>
  mutantsOf(shader(line)).flatMap(({ apply }) => {
    const made = apply(shader(line)).split('\n')[3]!.trim();
    return made === line ? [] : [made];
  });

describe('the faults of a line', () => {
  it.each([
    ['let z = sum + bias;', ['let z = sum - bias;', 'let z = sum;']],
    ['if (row < 9u) { put(row, sum); }', ['if (row <= 9u) { put(row, sum); }']],
    ['if (row < 9u) { put(row, sum); }', ['if (true) { put(row, sum); }']],
    ['if (row < 9u) { put(row, sum); }', ['if (row < 9u) {  }']],
    ['let at = row * 4u;', ['let at = column4 * 4u;', 'let at = row * 5u;', 'let at = row * 3u;']],
    ['workgroupBarrier();', ['']],
    ['let i = min(row, 7u);', ['let i = max(row, 7u);', 'let i = row;']],
    ['let d = sum * slope;', ['let d = sum;', 'let d = slope;']],
    ['let scale = 1.0 / f32(batchRows());', ['let scale = 1.0;']],
    ['let a = fma(x, y, s);', ['let a = (x * y);', 'let a = s;']],
    ['let b = transpose(m);', ['let b = m;']],
  ])('%s', (line, faults) => {
    expect(madeOf(line)).toEqual(expect.arrayContaining(faults));
  });

  it('are none where nothing changes: to subtract 0', () => {
    expect(madeOf('let at = row + 0u;')).not.toContain('let at = row - 0u;');
  });
});

it('a fault is the same in shaders of other sizes, and in those of several layers', () => {
  const [one] = mutantsOf(shader('let z = sum + bias[16u];'));
  const fault = mutantsOf(shader('let z = sum + bias[16u];')).find(({ id }) =>
    id.includes('sum -'),
  );
  expect(one).toBeDefined();
  expect(fault!.apply(shader('let z = sum + bias[32u];', 8))).toBe(
    shader('let z = sum - bias[32u];', 8),
  );
  const layers = (sign: string) => `
fn storeForward0(row: u32) { let z = sum ${sign} bias[4u]; }
fn storeForward1(row: u32) { let z = sum ${sign} bias[8u]; }`;
  const both = mutantsOf(layers('+')).find(({ id }) => id.includes('sum -'));
  expect(both!.apply(layers('+'))).toBe(layers('-'));
});
