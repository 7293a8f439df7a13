import { describe, expect, it } from 'vitest';

import { resultCard } from '../../../src/benchmark/result/card.ts';
import { referenceMachine } from '../../../src/benchmark/score.ts';
import type { BenchmarkResult } from '../../../src/benchmark/result/schema.ts';
import { makeBenchmarkResult } from '../../support/benchmarkResult.ts';
import { cardColors } from '../../../src/benchmark/result/svg.ts';
import { contrast } from '../../support/contrast.ts';
import { resultWith } from '../../support/resultWith.ts';

const result = makeBenchmarkResult();

interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly text: string;
}

const entities: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
};
const unescape = (text: string) => text.replace(/&(\w+);/g, (_, name: string) => entities[name]!);

/** Elements of XML that has elements, attributes in double quotes and the five entities, and nothing else. */
function parse(xml: string): Element[] {
  const elements: Element[] = [];
  const open: string[] = [];
  const value = String.raw`(?:[^<&"]|&(?:amp|lt|gt|quot|apos);)*`;
  const token = new RegExp(
    String.raw`<(?<end>/)?(?<name>\w+)(?<set>(?: [\w-]+="${value}")*)(?<empty>/)?>|(?<text>(?:[^<&]|&(?:amp|lt|gt|quot|apos);)+)`,
    'gy',
  );
  let length = 0;
  for (const { 0: whole, groups } of xml.matchAll(token)) {
    length += whole.length;
    const { end, name, set, empty, text } = groups as Record<string, string | undefined>;
    if (text !== undefined) {
      const last = elements.at(-1);
      if (last?.name === open.at(-1) && text.trim() !== '') {
        elements[elements.length - 1] = { ...last!, text: unescape(text) };
      }
    } else if (end !== undefined) {
      expect(open.pop()).toBe(name);
    } else {
      const pairs = [...set!.matchAll(/([\w-]+)="([^"]*)"/g)];
      expect(new Set(pairs.map(([, key]) => key)).size).toBe(pairs.length);
      const attributes = Object.fromEntries(pairs.map(([, key, one]) => [key!, unescape(one!)]));
      elements.push({ name: name!, attributes, text: '' });
      if (empty === undefined) open.push(name!);
    }
  }
  expect([length, open]).toEqual([xml.length, []]);
  return elements;
}

const textsOf = (made: BenchmarkResult, address?: string) =>
  parse(resultCard(made, address))
    .filter(({ name }) => name === 'text')
    .map(({ text }) => text);

it('is SVG of 1200 × 630 that nothing sticks out of', () => {
  const [svg, ...others] = parse(resultCard(result));
  expect(svg).toMatchObject({
    name: 'svg',
    attributes: { xmlns: 'http://www.w3.org/2000/svg', viewBox: '0 0 1200 630' },
  });
  for (const { attributes } of others) {
    const { x = '0', y = '0', width = '0', height = '0' } = attributes;
    expect(Number(x) + Number(width)).toBeLessThanOrEqual(1200);
    expect(Number(y) + Number(height)).toBeLessThanOrEqual(630);
  }
});

it('has nothing on the left that reaches into the chart', () => {
  // Far more than any machine of today.
  const score = { ...result.scores[1]!, middle: 12_345_678, low: 12_345_678, high: 12_345_678 };
  const large = {
    ...result,
    scores: [{ ...score, backend: 'cpu-1' as const }, score, result.scores[2]!],
  };
  const [, panel] = parse(resultCard(large)).filter(({ name }) => name === 'rect');
  const texts = parse(resultCard(large)).filter(
    ({ name, attributes }) =>
      name === 'text' && attributes.x === '56' && Number(attributes.y) < 490,
  );
  expect(texts.length).toBeGreaterThan(6);
  for (const { attributes, text } of texts.slice(1)) {
    // Letters of a wide font are 0.6 of their size wide, on average.
    const width = 0.6 * Number(attributes['font-size']) * text.length;
    expect(56 + width, text).toBeLessThan(Number(panel!.attributes.x));
  }
});

it('needs nothing from anywhere, and does nothing', () => {
  const elements = parse(resultCard(result));
  expect([...new Set(elements.map(({ name }) => name))].sort()).toEqual([
    'path',
    'rect',
    'svg',
    'text',
    'title',
  ]);
  const keys = new Set(elements.flatMap(({ attributes }) => Object.keys(attributes)));
  for (const key of keys) expect(key).not.toMatch(/href|style|^on/);
  expect(resultCard(result).replace('http://www.w3.org/2000/svg', '')).not.toMatch(/url\(|:\/\//);
});

it('says score, interval and class, and what it was made with', () => {
  const texts = textsOf(result);
  const { middle, low, high } = result.scores[2]!;
  const whole = (value: number) => Math.round(value).toLocaleString('en');
  for (const text of [
    whole(middle),
    `95 % interval ${whole(low)} to ${whole(high)}`,
    'hardware adapter',
    'GPU: acme roadrunner-2, ACME Roadrunner 2060 (hardware)',
    'Chromium 156 on Linux x86_64, 8 threads',
    'MNIST; 26 November 2026; nudge 0.1.0',
    `1000 = ${referenceMachine.name}`,
  ]) {
    expect(texts).toContain(text);
  }
  expect(texts.some((text) => /^worst error 0\.\d+ of the tolerance$/.test(text))).toBe(true);
});

it('draws bars as long as samples/s are, the faster backend’s interval up to the end', () => {
  const bars = parse(resultCard(result)).filter(
    ({ name, attributes }) => name === 'rect' && attributes.rx === '3' && attributes.x === '594',
  );
  // The first two are of the legend.
  const widths = bars
    .filter(({ attributes }) => attributes.width !== '14')
    .map(({ attributes }) => Number(attributes.width));
  const rates = result.workloads.flatMap(({ series }) => {
    const found = series
      .filter(({ backend }) => backend !== 'cpu-1')
      .map(({ estimate }) => estimate);
    const max = Math.max(...found.map(({ high }) => high));
    return found.map(({ middle }) => middle / max);
  });
  expect(widths).toHaveLength(rates.length);
  const full = widths[0]! / rates[0]!;
  for (const [n, width] of widths.entries())
    expect(Math.abs(width - full * rates[n]!)).toBeLessThan(0.2);
});

it('carries an address without its scheme, where there is one', () => {
  expect(textsOf(result, 'https://example.org/nudge/')).toContain('example.org/nudge');
  expect(textsOf(result, '<b>').join()).toContain('<b>');
  expect(textsOf(result).join()).not.toMatch(/example|undefined/);
});

it('is in colours that can be read on what is behind them', () => {
  const { paper: background, card: panel, line, ...inks } = cardColors;
  expect(contrast(line, panel)).toBeGreaterThan(1);
  for (const ink of Object.values(inks)) {
    for (const paper of [background, panel]) {
      expect(contrast(ink, paper), `${ink} on ${paper}`).toBeGreaterThanOrEqual(4.5);
    }
  }
});

describe('the card names every defect', () => {
  it('a score that is none', () => {
    let without = resultWith(result, ['scores'], []);
    without = resultWith(
      without,
      ['flags'],
      [{ kind: 'throttled', message: 'Hot.', isVoid: true }],
    );
    expect(textsOf(without)).toEqual(expect.arrayContaining(['no score', 'throttled']));
  });

  it('a software adapter', () => {
    let software = resultWith(result, ['environment', 'adapter', 'isSoftware'], true);
    software = resultWith(software, ['scores', 2, 'class'], 'software');
    expect(textsOf(software)).toEqual(
      expect.arrayContaining(['GPU score, in software', 'software adapter: no GPU']),
    );
  });

  it('a part of a run, and one that is not verified', () => {
    const part = makeBenchmarkResult({ workloads: ['tiny', 'mid'] });
    expect(textsOf(part)).toContain('over 2 workloads only');
    const wrong = resultWith(part, ['workloads', 0, 'verification', 'isVerified'], false);
    expect(textsOf(wrong)).toContain('NOT VERIFIED');
  });

  it('that there is no GPU, and nothing of what a program was told', () => {
    let cpu = resultWith(result, ['environment', 'adapter'], undefined);
    cpu = resultWith(cpu, ['environment', 'noAdapter'], 'WebGPU is off.');
    cpu = {
      ...cpu,
      scores: cpu.scores.slice(0, 2),
      workloads: cpu.workloads.map((one) => ({ ...one, series: one.series.slice(0, 2) })),
    };
    expect(textsOf(cpu)).toEqual(
      expect.arrayContaining(['CPU score', 'CPU, 1 thread', 'GPU: none']),
    );
  });
});

it('a stranger’s text is text', () => {
  const hostile = `</text><script>alert(1)</script><image href="//x"/>&amp;'"\uffff\u0000${'long '.repeat(40)}`;
  let wrong = resultWith(result, ['environment', 'adapter', 'description'], hostile);
  wrong = resultWith(wrong, ['workloads', 0, 'name'], '<b>&');
  const texts = textsOf(wrong);
  expect(texts).toContain('<b>&');
  const gpu = texts.find((text) => text.startsWith('GPU: '))!;
  expect(gpu).toContain('</text><script>alert(1)</script>');
  expect(gpu.length).toBeLessThan(90);
  expect(resultCard(wrong)).not.toMatch(/<script|<image/);
});
