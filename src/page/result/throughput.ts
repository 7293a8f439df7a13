/** Throughput as bars with intervals, on a logarithmic scale. The picture is a table, and reads as one. */
import type { BenchmarkResult, SideName, WorkloadResult } from '../../benchmark/result/schema.ts';
import { make } from '../elements.ts';
import { formatPrefixed, formatThree } from '../format.ts';
import { sideKey, sideName } from '../sides.ts';
import { isSoftware, ladderOf, networkName, seriesOf, sidesOf } from './lookUp.ts';
import { formatEstimate } from '../../benchmark/result/words.ts';

/** A logarithmic scale in percent of the width. */
interface Scale {
  readonly least: number;
  readonly percent: (value: number) => number;
}

/** Of the ladder; undefined where nothing of it ran. */
export function makeThroughput(result: BenchmarkResult): HTMLElement | undefined {
  const workloads = ladderOf(result);
  if (workloads.length === 0) return undefined;
  const scale = makeScale(workloads);
  const sides = sidesOf(result);
  const heading = make(
    'thead',
    {},
    make(
      'tr',
      {},
      make('th', { scope: 'col' }, make('span', { class: 'hidden' }, 'Trained')),
      make('th', { scope: 'col', class: 'bar-axis', 'aria-label': 'Samples/s' }, ...ticks(scale)),
      make('th', { scope: 'col' }, 'samples/s'),
    ),
  );
  const groups = workloads.map((workload) => makeGroup(workload, sides, scale, isSoftware(result)));
  return make(
    'figure',
    { class: 'card wide', 'data-chart': 'throughput' },
    make(
      'figcaption',
      {},
      make('h3', {}, 'Samples trained a second'),
      make(
        'p',
        { class: 'small' },
        'Longer is faster. The scale is logarithmic; the line at a bar’s end is its 95\u00a0% interval.',
      ),
      make(
        'ul',
        { class: 'keys small' },
        ...sides.map((side) => make('li', {}, sideKey(side), sideName(side, isSoftware(result)))),
      ),
    ),
    make(
      'table',
      { class: 'bars' },
      make('caption', { class: 'hidden' }, 'Samples trained a second, with 95 % intervals'),
      heading,
      ...groups,
    ),
  );
}

function makeScale(workloads: readonly WorkloadResult[]): Scale {
  const all = workloads.flatMap(({ series }) => series.map(({ estimate }) => estimate));
  const lowest = Math.min(...all.map(({ low }) => low));
  const highest = Math.max(...all.map(({ high }) => high));
  // The shortest bar still shows, and the longest leaves room for its interval.
  const least = 10 ** Math.floor(Math.log10(lowest / 1.5));
  const most = highest * 1.15;
  return {
    least,
    percent: (value) => (100 * Math.log(value / least)) / Math.log(most / least),
  };
}

/** Percent of the axis behind which a tick's label would run into the heading of the next column. */
const lastTickPercent = 90;

function ticks({ least, percent }: Scale): HTMLElement[] {
  const made: HTMLElement[] = [];
  for (let value = least * 10; percent(value) <= lastTickPercent; value *= 10) {
    const tick = make('span', { class: 'tick', 'aria-hidden': 'true' }, formatPrefixed(value));
    tick.style.left = `${percent(value)}%`;
    made.push(tick);
  }
  return made;
}

function makeGroup(
  workload: WorkloadResult,
  sides: readonly SideName[],
  scale: Scale,
  inSoftware: boolean,
): HTMLElement {
  const { name, batchSize } = workload;
  const title = make(
    'tr',
    { class: 'bar-title' },
    make(
      'th',
      { scope: 'rowgroup', colspan: '3' },
      name,
      make('span', { class: 'small' }, ` ${networkName(workload)}, mini-batches of ${batchSize}`),
    ),
  );
  const rows = sides.flatMap((side) => {
    const series = seriesOf(workload, side);
    if (!series) return [];
    return [
      make(
        'tr',
        {},
        make('th', { scope: 'row' }, make('span', { class: 'hidden' }, sideName(side, inSoftware))),
        make(
          'td',
          { class: 'bar-cell', 'aria-hidden': 'true' },
          ...makeBar(side, series.estimate, scale),
        ),
        make(
          'td',
          { title: `${formatEstimate(series.estimate, formatThree)} samples/s` },
          formatThree(series.estimate.middle),
          make(
            'span',
            { class: 'hidden' },
            `, from ${formatThree(series.estimate.low)} to ${formatThree(series.estimate.high)}`,
          ),
        ),
      ),
    ];
  });
  return make('tbody', {}, title, ...rows);
}

function makeBar(
  side: SideName,
  { middle, low, high }: { readonly middle: number; readonly low: number; readonly high: number },
  { percent }: Scale,
): HTMLElement[] {
  const bar = make('span', { class: `bar side-${side}` });
  bar.style.width = `${percent(middle)}%`;
  const whisker = make('span', { class: 'whisker' });
  whisker.style.left = `${percent(low)}%`;
  whisker.style.width = `${percent(high) - percent(low)}%`;
  return [bar, whisker];
}
