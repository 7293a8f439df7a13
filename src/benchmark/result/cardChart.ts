/** The card's chart: for each workload a bar a backend, as a share of the faster, with intervals. */
import type { BenchmarkResult, Series, BackendName, WorkloadResult } from './schema.ts';
import { attributes, cardColors as colors, textAt } from './svg.ts';
import { formatRate, plainText, backendNames } from './words.ts';

export interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Told apart without colour by their order, which the legend has too. */
const backendColors: Partial<Record<BackendName, string>> = colors;
const { text, faint } = colors;

/** More would be too small to read. */
const maxWorkloads = 6;
/** Of a row's parts: where bars begin, and what is kept free behind them for figures. */
const labelWidth = 130;
const figureWidth = 190;
const speedUpWidth = 86;
const legendHeight = 34;

/** @returns elements of SVG, within `area` */
export function barChart(result: BenchmarkResult, area: Area): string[] {
  const backends = backendsOf(result);
  const shown = result.workloads.slice(0, maxWorkloads);
  const rowHeight = (area.height - legendHeight) / Math.max(shown.length, 3);
  return [
    ...legend(result, backends, area),
    ...shown.flatMap((workload, n) => {
      const y = area.y + legendHeight + n * rowHeight;
      return workloadRow(workload, backends, { ...area, y, height: rowHeight });
    }),
  ];
}

/** CPU against GPU, or one thread against all where no GPU ran. */
function backendsOf({ workloads }: BenchmarkResult): BackendName[] {
  const ran = (backend: BackendName) =>
    workloads.some(({ series }) => series.some((one) => one.backend === backend));
  const cpu = (['cpu', 'cpu-1'] as const).find(ran);
  if (ran('webgpu')) return cpu ? [cpu, 'webgpu'] : ['webgpu'];
  return (['cpu-1', 'cpu'] as const).filter(ran);
}

function legend(
  { workloads }: BenchmarkResult,
  backends: readonly BackendName[],
  area: Area,
): string[] {
  const column = (x: number, title: string, anchor: 'start' | 'end') =>
    textAt(x, area.y + 13, title, { size: 16, fill: faint, anchor });
  return [
    ...backends.flatMap((backend, n) => {
      const x = area.x + labelWidth + 170 * n;
      return [
        `<rect ${attributes({ x, y: area.y, width: 14, height: 14, rx: 3, fill: backendColors[backend] })}/>`,
        textAt(x + 22, area.y + 13, backendNames[backend], { size: 16, fill: text }),
      ];
    }),
    ...(workloads.length > maxWorkloads
      ? [column(area.x, `${maxWorkloads} of ${workloads.length}`, 'start')]
      : []),
    column(area.x + area.width - speedUpWidth, 'samples/s', 'end'),
    ...(backends.length === 2 ? [column(area.x + area.width, 'ratio', 'end')] : []),
  ];
}

function workloadRow(
  workload: WorkloadResult,
  backends: readonly BackendName[],
  row: Area,
): string[] {
  const found = backends.flatMap(
    (backend) => workload.series.find((one) => one.backend === backend) ?? [],
  );
  const max = Math.max(...found.map(({ estimate }) => estimate.high));
  const barHeight = Math.min(20, row.height / 2 - 8);
  const bars = { x: row.x + labelWidth, width: row.width - labelWidth - figureWidth };
  const middle = row.y + row.height / 2;
  const top = middle - (found.length * (barHeight + 4)) / 2;
  return [
    textAt(row.x, middle - 2, plainText(workload.name, 14), { size: 17, fill: text, weight: 600 }),
    textAt(row.x, middle + 15, plainText(workload.layers.join('-'), 18), { size: 12, fill: faint }),
    ...found.flatMap((series, n) =>
      bar(series, bars.width / max, {
        ...bars,
        y: top + n * (barHeight + 4),
        height: barHeight,
      }),
    ),
    speedUp(workload, backends, row.x + row.width, middle),
  ];
}

/** @param scale pixels to a sample a second */
function bar({ backend, estimate }: Series, scale: number, area: Area): string[] {
  const { x, y, width, height } = area;
  const [low, middle, high] = [estimate.low, estimate.middle, estimate.high].map(
    (rate) => Math.round(10 * (x + rate * scale)) / 10,
  );
  const center = y + height / 2;
  const [above, below] = [y + height / 4, y + (3 * height) / 4];
  const whisker = `M${low!} ${center}H${high!}M${low!} ${above}V${below}M${high!} ${above}V${below}`;
  return [
    `<rect ${attributes({ x, y, width: Math.max(2, middle! - x), height, rx: 3, fill: backendColors[backend] })}/>`,
    // Dark with a light edge, to be seen on the bar and beside it.
    ...[
      { stroke: colors.panel, 'stroke-width': 5 },
      { stroke: text, 'stroke-width': 2 },
    ].map((line) => `<path ${attributes({ d: whisker, ...line, fill: 'none' })}/>`),
    textAt(x + width + figureWidth - speedUpWidth, center + 5, formatRate(estimate.middle), {
      size: 15,
      fill: text,
      anchor: 'end',
    }),
  ];
}

/** Of the second backend over the first. */
function speedUp(
  { ratios }: WorkloadResult,
  [over, of]: readonly BackendName[],
  x: number,
  y: number,
): string {
  const ratio = ratios.find((one) => one.of === of && one.over === over);
  return ratio
    ? textAt(x, y + 7, `${formatRate(Number(ratio.middle.toPrecision(2)))}×`, {
        size: 20,
        fill: text,
        weight: 700,
        anchor: 'end',
      })
    : '';
}
