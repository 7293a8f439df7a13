import { describe, expect, it } from 'vitest';

import { f32 } from '../../shaders/wgsl.ts';
import { persistentVariants } from './persistentVariants.ts';
import { shaderVariants } from './variants.ts';

const variants = shaderVariants();

describe('every shader variant', () => {
  it('is there: 81 combinations of options and 24 of main loops at each of two shapes, 13 probes, and the persistent ones', () => {
    // 6 activations × (2 forward + 1 hidden delta + 6 fused) + 5 outputs and costs × 2 + 8 optimizers + 9 to clip
    // 6 main loops × 4 kernels
    // 1 count + (fill, copy, read) × 2 lengths + 6 shapes of multiply-adds
    expect(variants.length).toBe(2 * (54 + 10 + 8 + 9) + 2 * 24 + 13 + persistentVariants().length);
  });

  it('has no directive, hole or value left over from its template', () => {
    for (const { code } of variants) {
      expect(code).not.toMatch(/#(if|elif|else|endif)|\$\{|undefined|\bNaN\b|Infinity|\[object/);
    }
  });

  it('declares each of its bindings once, in order', () => {
    for (const { code, bindings } of variants) {
      const declared = [...code.matchAll(/@binding\((\d+)\) var(?:<[^>]+>)? (\w+):/g)];
      expect(declared.map(([, index]) => Number(index))).toEqual(bindings.map((_, i) => i));
      expect(declared.map(([, , name]) => name)).toEqual(bindings.map(({ name }) => name));
    }
  });

  it('uses no more storage buffers than every adapter has', () => {
    for (const { bindings, label } of variants) {
      const storage = bindings.filter(({ access }) => access === 'read' || access === 'read_write');
      expect(storage.length, label).toBeLessThanOrEqual(8);
    }
  });

  it('loops only from a constant to a constant by one, which browsers leave unguarded', () => {
    for (const { code } of variants) {
      const constants = [...code.matchAll(/^const (\w+) = \d+u;$/gm)].map(([, name]) => name!);
      const loops = code.match(/\b(for|while|loop)\b[^{]*\{/g) ?? [];
      for (const loop of loops) {
        const [, , end] = /^for \(var (\w+) = 0u; \1 < (\w+); \1\+\+\) \{$/.exec(loop) ?? [];
        expect(end, loop).toSatisfy(
          (text: string) => /^\d+u$/.test(text) || constants.includes(text),
        );
      }
    }
  });
});

describe('f32', () => {
  it('writes the nearest float32, always as a float', () => {
    expect(f32(1)).toBe('1.0f');
    expect(f32(0.1)).toBe('0.10000000149011612f');
    expect(f32(1e30)).toBe('1.0000000150474662e+30f');
  });

  it('refuses what WGSL cannot write', () => {
    expect(() => f32(Number.NaN)).toThrow('WGSL has no literal for NaN');
    expect(() => f32(1e39)).toThrow('WGSL has no literal for 1e+39');
  });
});
