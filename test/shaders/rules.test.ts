/**
 * What browsers make expensive, and so what no shader here may contain: see the heads of `shaders/wgsl.ts`, on loops,
 * and of `shaders/sharedTile.ts`, on workgroup memory.
 */
import { describe, expect, it } from 'vitest';

import { sharedVariants } from './sharedVariants.ts';
import { shaderVariants } from './variants.ts';

const all = shaderVariants();
const shared = sharedVariants();
const sharedCode = new Set(shared.map(({ code }) => code));
const count = (text: string, pattern: RegExp) => text.match(pattern)?.length ?? 0;

/** The contents of every `name[…]`, brackets within brackets too. */
function indices(code: string, name: string): string[] {
  return [...code.matchAll(new RegExp(`\\b${name}\\[`, 'g'))].map(({ index }) => {
    const from = index + name.length + 1;
    let depth = 1;
    let end = from;
    for (; depth > 0; end++) depth += { '[': 1, ']': -1 }[code[end]!] ?? 0;
    return code.slice(from, end - 1);
  });
}

describe('no shader', () => {
  it('takes a remainder by anything but a constant, which browsers guard against 0', () => {
    for (const { code, label } of all) {
      for (const [, divisor] of code.matchAll(/ % (\S+)/g)) {
        expect(divisor, label).toMatch(/^\d+u\b/);
      }
    }
  });

  it('divides an index by anything but a constant', () => {
    for (const { code, label } of all) {
      const names = ['activations', 'deltas', 'parameters', 'samples', 'staged'];
      for (const index of names.flatMap((name) => indices(code, name))) {
        for (const [, divisor] of index.matchAll(/ \/ (\S+)/g)) {
          expect(divisor, label).toMatch(/^\d+u\b/);
        }
      }
    }
  });

  it('limits values by clamp or max, which may turn a NaN into a number', () => {
    for (const { code, label } of all) {
      expect(code, label).not.toMatch(/\bclamp\(/);
      // The largest output, from which softmax is made and which a NaN never is: the sum shows it.
      const others = code
        .split('\n')
        .filter((line) => /\bmax\(/.test(line) && !line.includes('row.largest = max'));
      expect(others, label).toEqual([]);
    }
  });

  it('has workgroup memory unless its tiles share, and then one array, or a network trains in it', () => {
    for (const { code, label } of all) {
      if (label.startsWith('train ')) {
        expect(count(code, /var<workgroup>/g), label).toBe(1);
        continue;
      }
      expect(count(code, /var<workgroup>/g), label).toBe(sharedCode.has(code) ? 1 : 0);
      if (!sharedCode.has(code)) expect(code, label).not.toMatch(/workgroupBarrier/);
    }
  });
});

describe('a shader whose tiles share', () => {
  it('finds workgroup memory by constants, places of known range and loop variables alone', () => {
    const known = /^(lane|laneX|laneY|slice|four|partsAt|part|min|\d+u)$/;
    for (const { code, label } of shared) {
      for (const index of indices(code, 'staged')) {
        for (const word of index.match(/\w+/g) ?? [])
          expect(word, `${label}: ${index}`).toMatch(known);
      }
      for (const [, name, value] of code.matchAll(/let (laneX|laneY|slice) = (.+);/g)) {
        expect(value, `${label}: ${name}`).toMatch(/^(0u|min\(lane \/ \d+u % (\d+)u, \d+u\))$/);
      }
    }
  });

  it('adds to its sums by fma alone, which not every compiler would make of a product and a sum', () => {
    for (const { code, label } of shared) {
      for (const [, value] of code.matchAll(/\bsum\d+_\d+ = (\w+)/g)) {
        expect(value, label).toMatch(/^(fma|vec4f)$/);
      }
    }
  });

  it('waits before and after it stages, and where slices meet', () => {
    for (const { code, label } of shared) {
      const stages = count(code, /for \(var stage = /g);
      const meetings = count(code, /let firstPart = /g);
      expect(count(code, /workgroupBarrier\(\)/g), label).toBeGreaterThanOrEqual(
        2 * stages + meetings,
      );
    }
  });
});
