/** Throughput as dots with intervals on a logarithmic scale. The picture is a table, and reads as one. */
import type { BenchmarkResult, Estimate, SideName } from '../../benchmark/result/schema.ts';
import { sides as allSides } from '../../benchmark/result/sides.ts';
import { formatEstimate } from '../../benchmark/result/words.ts';
import { make } from '../elements.ts';
import { formatPrefixed, formatThree } from '../format.ts';
import { sideKey, sideName } from '../sides.ts';
import { isSoftware, ladderOf, networkName } from './lookUp.ts';

/** The dots of one workload. */
export interface ThroughputGroup {
  readonly name: string;
  /** The network and its mini-batches. */
  readonly detail: string;
  /** In samples/s. */
  readonly series: readonly (Estimate & { readonly side: SideName })[];
}

/** A logarithmic scale in percent of the width. */
interface Scale {
  readonly percent: (value: number) => number;
  /** Powers of ten within it. */
  readonly ticks: readonly number[];
}

/** Beyond this a tick's label would run into the heading of the next column. */
const lastTickPercent = 90;

/** Of the ladder; undefined where nothing of it ran. */
export function makeThroughput(result: BenchmarkResult): HTMLElement | undefined {
  const groups = ladderOf(result).map((workload) => ({
    name: workload.name,
    detail: `${networkName(workload)}, mini-batches of ${workload.batchSize}`,
    series: workload.series.map(({ side, estimate }) => ({ side, ...estimate })),
  }));
  return drawThroughput(groups, isSoftware(result));
}

/** @param inSoftware whether what counts as the GPU computes on the CPU */
export function drawThroughput(
  groups: readonly ThroughputGroup[],
  inSoftware: boolean,
): HTMLElement | undefined {
  const all = groups.flatMap(({ series }) => series);
  if (all.length === 0) return undefined;
  const scale = makeScale(all);
  const sides = allSides.filter((side) => all.some((one) => one.side === side));
  return make(
    'figure',
    { class: 'card wide', 'data-chart': 'throughput' },
    make(
      'figcaption',
      {},
      make('h3', {}, 'Training throughput'),
      make(
        'p',
        { class: 'small' },
        'Samples trained per second on a logarithmic scale; further right is faster. The bar through a dot is its 95\u00a0% interval, ' +
          'unless the dot is wider.',
      ),
      make(
        'ul',
        { class: 'keys small' },
        ...sides.map((side) => make('li', {}, sideKey(side), sideName(side, inSoftware))),
      ),
    ),
    make(
      'table',
      { class: 'dots' },
      make('caption', { class: 'hidden' }, 'Samples trained per second, with 95 % intervals'),
      make(
        'thead',
        {},
        make(
          'tr',
          {},
          make('th', { scope: 'col' }, make('span', { class: 'hidden' }, 'Side')),
          make(
            'th',
            { scope: 'col', class: 'dot-axis' },
            make('span', { class: 'hidden' }, 'Samples per second, as a picture'),
            ...scale.ticks
              .filter((value) => scale.percent(value) < lastTickPercent)
              .map((value) => at(scale, value, 'tick', formatPrefixed(value))),
          ),
          make('th', { scope: 'col' }, 'samples/s'),
        ),
      ),
      ...groups.map((group) => makeGroup(group, sides, scale, inSoftware)),
    ),
  );
}

function makeScale(all: readonly Estimate[]): Scale {
  // Some room on both sides, so that no dot is cut off.
  const least = Math.min(...all.map(({ low }) => low)) / 1.6;
  const most = Math.max(...all.map(({ high }) => high)) * 1.6;
  const ticks: number[] = [];
  for (let value = 10 ** Math.ceil(Math.log10(least)); value <= most; value *= 10) {
    ticks.push(value);
  }
  return {
    percent: (value) => (100 * Math.log(value / least)) / Math.log(most / least),
    ticks,
  };
}

/** A mark at a value. */
function at({ percent }: Scale, value: number, className: string, text = ''): HTMLElement {
  const mark = make('span', { class: className, 'aria-hidden': 'true' }, text);
  mark.style.left = `${percent(value)}%`;
  return mark;
}

function makeGroup(
  { name, detail, series }: ThroughputGroup,
  sides: readonly SideName[],
  scale: Scale,
  inSoftware: boolean,
): HTMLElement {
  const title = make(
    'tr',
    { class: 'dot-title' },
    make(
      'th',
      { scope: 'rowgroup', colspan: '3' },
      name,
      make('span', { class: 'small' }, ` ${detail}`),
    ),
  );
  const rows = sides.flatMap((side) => {
    const one = series.find((candidate) => candidate.side === side);
    if (!one) return [];
    return [
      make(
        'tr',
        {},
        make('th', { scope: 'row' }, make('span', { class: 'hidden' }, sideName(side, inSoftware))),
        make(
          'td',
          { class: 'dot-cell', 'aria-hidden': 'true' },
          ...scale.ticks.map((value) => at(scale, value, 'grid')),
          ...makeDot(side, one, scale),
        ),
        make(
          'td',
          { title: `${formatEstimate(one, formatThree)} samples/s` },
          formatThree(one.middle),
          make(
            'span',
            { class: 'hidden' },
            `, from ${formatThree(one.low)} to ${formatThree(one.high)}`,
          ),
        ),
      ),
    ];
  });
  return make('tbody', {}, title, ...rows);
}

function makeDot(side: SideName, { middle, low, high }: Estimate, scale: Scale): HTMLElement[] {
  const interval = at(scale, low, `interval side-${side}`);
  interval.style.width = `${scale.percent(high) - scale.percent(low)}%`;
  return [interval, at(scale, middle, `dot side-${side}`)];
}
