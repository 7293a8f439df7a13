import { describe, expect, it } from 'vitest';
import { parsePath } from '../../../../src/data/digits/path.ts';
import { digitTemplates } from '../../../../src/data/digits/templates/index.ts';

describe('digitTemplates', () => {
  it('know at least three ways of writing each of the ten digits', () => {
    expect(digitTemplates).toHaveLength(10);
    for (const templates of digitTemplates) expect(templates.length).toBeGreaterThanOrEqual(3);
  });

  it('are written in points, corners and lifts, and nothing else', () => {
    const point = String.raw`-?\d+,-?\d+`;
    const stroke = `${point}( ${point}!?)* ${point}`;
    const notation = new RegExp(`^${stroke}( / ${stroke})*$`);
    for (const { forms } of digitTemplates.flat())
      for (const form of forms) expect(form).toMatch(notation);
  });

  it('have forms of equal structure, at least two, each a different one', () => {
    for (const { forms } of digitTemplates.flat()) {
      expect(forms.length).toBeGreaterThanOrEqual(2);
      expect(new Set(forms).size).toBe(forms.length);
      const [first, ...others] = forms.map(parsePath);
      for (const other of others) {
        expect(other.points.length).toBe(first!.points.length);
        expect(other.runs).toEqual(first!.runs);
      }
    }
  });

  it('lie on the paper or little beside it, and fill its height', () => {
    for (const { forms } of digitTemplates.flat()) {
      for (const form of forms) {
        const { points } = parsePath(form);
        const xs = points.filter((_, i) => i % 2 === 0);
        const ys = points.filter((_, i) => i % 2 === 1);
        expect(Math.min(...xs)).toBeGreaterThanOrEqual(-20);
        expect(Math.max(...xs)).toBeLessThanOrEqual(100);
        expect(Math.min(...ys)).toBeGreaterThanOrEqual(0);
        expect(Math.max(...ys)).toBeLessThanOrEqual(100);
        expect(Math.max(...ys) - Math.min(...ys)).toBeGreaterThanOrEqual(60);
      }
    }
  });

  it('have a positive weight', () => {
    for (const { weight } of digitTemplates.flat()) expect(weight).toBeGreaterThan(0);
  });
});
