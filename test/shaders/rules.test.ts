/**
 * What browsers make expensive, and so what no shader here may contain: see the head of `shaders/wgsl.ts`.
 */
import { describe, expect, it } from 'vitest';

import { loopVariants, otherTiles, shaderVariants } from './variants.ts';

const all = shaderVariants();
const shared = all.filter(({ code }) => code.includes('shared4['));
/** A number, or the name of a constant. */
const isConstant = (code: string, text: string) =>
  /^\d+u$/.test(text) || new RegExp(`^const ${text} = \\d+u;$`, 'm').test(code);
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
      for (const [, divisor] of code.matchAll(/ % (\w+)/g)) {
        expect(isConstant(code, divisor!), `${label}: ${divisor}`).toBe(true);
      }
    }
  });

  it('divides an index by anything but a constant', () => {
    for (const { code, label } of all) {
      const names = ['activations', 'deltas', 'parameters', 'samples', 'shared4'];
      for (const index of names.flatMap((name) => indices(code, name))) {
        for (const [, divisor] of index.matchAll(/ \/ (\w+)/g)) {
          expect(isConstant(code, divisor!), `${label}: ${divisor}`).toBe(true);
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

  it('has more than one array of workgroup memory, or any without need', () => {
    for (const { code, label } of all) {
      const needed = code.includes('shared4[') || label.startsWith('train ');
      expect(count(code, /var<workgroup>/g), label).toBe(needed ? 1 : 0);
      if (!needed) expect(code, label).not.toMatch(/workgroupBarrier/);
    }
  });
});

it('a main loop waits before and after what it shares', () => {
  const barriers = (loop: 'tiled' | 'splitK') => {
    const tiles = otherTiles.filter((tile) => tile.loop === loop);
    return loopVariants(tiles).map(({ code }) => {
      const products = count(code, /^fn matmul/gm);
      return count(code, /workgroupBarrier\(\)/g) / products;
    });
  };
  expect(new Set([...barriers('tiled'), ...barriers('splitK')])).toEqual(new Set([2]));
  expect(shared.length).toBeGreaterThan(0);
});
