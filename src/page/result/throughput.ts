/** Throughput as dots with intervals on a logarithmic scale. The picture is a table, and reads as one. */
import type { BenchmarkResult, Estimate, BackendName } from '../../benchmark/result/schema.ts';
import { backends as allBackends } from '../../benchmark/result/backends.ts';
import { formatEstimate } from '../../benchmark/result/words.ts';
import { make } from '../elements.ts';
import { formatPrefixed, formatThree } from '../format.ts';
import { backendKey, backendName } from '../backendNames.ts';
import { isSoftware, ladderOf, networkName } from './lookUp.ts';

/** The dots of one workload. */
export interface ThroughputGroup {
  readonly name: string;
  /** The network and its mini-batches. */
  readonly detail: string;
  /** In samples/s. */
  readonly series: readonly (Estimate & { readonly backend: BackendName })[];
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
    series: workload.series.map(({ backend, estimate }) => ({ backend, ...estimate })),
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
  const backends = allBackends.filter((backend) => all.some((one) => one.backend === backend));
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
        ...backends.map((backend) =>
          make('li', {}, backendKey(backend), backendName(backend, inSoftware)),
        ),
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
          make('th', { scope: 'col' }, make('span', { class: 'hidden' }, 'Backend')),
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
      ...groups.map((group) => makeGroup(group, backends, scale, inSoftware)),
    ),
  );
}

function makeScale(all: readonly Estimate[]): Scale {
  // Some room on both sides, so that no dot is cut off.
  const min = Math.min(...all.map(({ low }) => low)) / 1.6;
  const max = Math.max(...all.map(({ high }) => high)) * 1.6;
  const ticks: number[] = [];
  for (let value = 10 ** Math.ceil(Math.log10(min)); value <= max; value *= 10) {
    ticks.push(value);
  }
  return {
    percent: (value) => (100 * Math.log(value / min)) / Math.log(max / min),
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
  backends: readonly BackendName[],
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
  const rows = backends.flatMap((backend) => {
    const one = series.find((candidate) => candidate.backend === backend);
    if (!one) return [];
    return [
      make(
        'tr',
        {},
        make(
          'th',
          { scope: 'row' },
          make('span', { class: 'hidden' }, backendName(backend, inSoftware)),
        ),
        make(
          'td',
          { class: 'dot-cell', 'aria-hidden': 'true' },
          ...scale.ticks.map((value) => at(scale, value, 'grid')),
          ...makeDot(backend, one, scale),
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

function makeDot(
  backend: BackendName,
  { middle, low, high }: Estimate,
  scale: Scale,
): HTMLElement[] {
  const interval = at(scale, low, `interval backend-${backend}`);
  interval.style.width = `${scale.percent(high) - scale.percent(low)}%`;
  return [interval, at(scale, middle, `dot backend-${backend}`)];
}
