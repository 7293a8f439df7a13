import { expect, it } from 'vitest';

import { markdownText, resultMarkdown } from '../../../src/benchmark/result/markdown.ts';
import { makeBenchmarkResult } from '../../support/benchmarkResult.ts';
import { resultWith } from '../../support/resultWith.ts';

const result = makeBenchmarkResult();
const lines = resultMarkdown(result).split('\n');

/** The cells of the first line that begins with these. */
function cellsOf(...start: readonly string[]): string[] {
  const head = `| ${start.join(' | ')} |`;
  const line = lines.find((one) => one.startsWith(head));
  expect(line, head).toBeDefined();
  return line!.slice(2, -2).split(' | ');
}

it('scores have intervals and classes', () => {
  const [, score, interval, kind, over] = cellsOf('GPU');
  const { middle, low, high } = result.scores[2]!;
  const whole = (value: number) => Math.round(value).toLocaleString('en');
  expect([score, interval]).toEqual([`**${whole(middle)}**`, `${whole(low)} to ${whole(high)}`]);
  expect([kind, over]).toEqual(['hardware adapter', 'tiny, mid, large, xl']);
});

it('each workload has samples/s of each backend and the speed-up of the GPU', () => {
  const cells = cellsOf('large', '784-512-512-10, batch 512');
  expect(cells).toHaveLength(6);
  for (const cell of cells.slice(2, 5)) expect(cell).toMatch(/^[\d,]+ ± \d\.\d %$/);
  expect(cells[5]).toMatch(/^5\.\d\d× \(5\.\d\d× to [56]\.\d\d×\)$/);
});

it('contains limit, verification, accuracies, flags and environment', () => {
  const text = lines.join('\n');
  const { worst } = result.workloads[0]!.verification!;
  for (const part of [
    '| tiny | 92 %, limited by the cost of dispatches | 142 ms | 61 ms | verified, worst ' +
      worst.toPrecision(2),
    'of the tolerance (layers.',
    'cost drift 0.07 % of at most 2 % |',
    '| mid | CPU | 95 % | 0.41 s, 938 steps |',
    '| mid | GPU | 97 % | not reached: 96.91 % at best |',
    '- Not steady: tiny on the CPU had not become steady',
    '- GPU: acme roadrunner-2, ACME Roadrunner 2060 (hardware)',
    '- Runtime: Chromium 156 on Linux x86\\_64, 8 threads, isolated',
    '- Data: MNIST, 60,000 + 10,000 samples, SHA-256 c0ffeec0ffee…',
  ]) {
    expect(text).toContain(part);
  }
});

it('a failed verification and a missing score stand out', () => {
  let wrong = resultWith(result, ['scores'], []);
  wrong = resultWith(wrong, ['workloads', 0, 'verification', 'isVerified'], false);
  const text = resultMarkdown(wrong);
  expect(text).toContain('**No score**');
  expect(text).toContain('**NOT VERIFIED**, worst');
});

it('all rows of a table have the same number of cells', () => {
  const tables = lines.join('\n').split(/\n(?:[^|].*)?\n/);
  const rows = tables.map((table) => table.split('\n').filter((line) => line.startsWith('|')));
  for (const table of rows.filter(({ length }) => length > 0)) {
    const counts = new Set(table.map((line) => line.split(/(?<!\\)\|/).length));
    expect(counts.size, table[0]).toBe(1);
  }
});

it('untrusted text is shown literally', () => {
  const hostile = '<img src=x> | `a` ![p](http://example.com/p.png) @everyone\n# head';
  const text = resultMarkdown(resultWith(result, ['data', 'name'], hostile));
  const line = text.split('\n').find((one) => one.startsWith('- Data: '))!;
  expect(line).toContain(
    '&lt;img src=x&gt; \\| \\`a\\` \\!\\[p\\](http://example.com/p.png) @\u2060everyone \\# head',
  );
  expect(markdownText('1 & 2 &lt;')).toBe('1 &amp; 2 &amp;lt;');
});
