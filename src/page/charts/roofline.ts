/**
 * The roofline (Williams, Waterman and Patterson, "Roofline: an insightful visual performance model", CACM 52, 2009).
 * It shows how much arithmetic a workload does per byte that it moves, and how fast it computes, below the limits that
 * the adapter's measured arithmetic and memory bandwidth set.
 */
import type { BenchmarkResult, WorkloadResult } from '../../benchmark/result/schema.ts';
import { backendKey } from '../backendNames.ts';
import { make, makeTable } from '../elements.ts';
import { formatPrefixed, formatThree } from '../format.ts';
import { limitWords } from '../result/findings.ts';
import { ladderOf, seriesOf } from '../result/lookUp.ts';
import { makeFigure } from './figure.ts';
import { drawChart, spread, type ChartOptions } from './lineChart.ts';

export interface RooflinePoint {
  readonly name: string;
  /** FLOP per byte. */
  readonly intensity: number;
  readonly flopPerSecond: number;
  readonly limit: string;
}

const height = 240;

/** The workloads whose GPU series has a limit, by intensity. */
export function rooflinePoints(workloads: readonly WorkloadResult[]): readonly RooflinePoint[] {
  return workloads
    .flatMap((workload) => {
      const series = seriesOf(workload, 'webgpu');
      if (!series?.limit) return [];
      const { flopPerStep, bytesPerStep } = series.limit;
      const stepsPerSecond = series.estimate.middle / workload.batchSize;
      const intensity = flopPerStep / bytesPerStep;
      const flopPerSecond = flopPerStep * stepsPerSecond;
      return [{ name: workload.name, intensity, flopPerSecond, limit: limitWords(series) }];
    })
    .sort((a, b) => a.intensity - b.intensity);
}

/** The highest possible FLOP/s at an intensity in FLOP per byte. */
export function roof(
  intensity: number,
  bytesPerSecond: number,
  { flopPerSecond }: { readonly flopPerSecond: number },
): number {
  return Math.min(flopPerSecond, intensity * bytesPerSecond);
}

/** undefined if no limits were measured. */
export function makeRoofline(result: BenchmarkResult): HTMLElement | undefined {
  const { limits } = result;
  const points = rooflinePoints(ladderOf(result));
  if (!limits || points.length === 0) return undefined;
  const flops = (value: number) => `${formatPrefixed(value)}FLOP/s`;
  const rows = points.map(({ name, intensity, flopPerSecond, limit }) => [
    name,
    `${formatThree(intensity)} FLOP/byte`,
    flops(flopPerSecond),
    limit,
  ]);
  const { flopPerSecond, readBytesPerSecond, cachedBytesPerSecond } = limits;
  const intensities = [
    flopPerSecond / readBytesPerSecond,
    flopPerSecond / cachedBytesPerSecond,
    ...points.map(({ intensity }) => intensity),
  ];
  const [min, max] = spread(Math.min(...intensities), Math.max(...intensities), 3);
  const rates = points.map((point) => point.flopPerSecond);
  const bottom = Math.min(...rates, roof(min, readBytesPerSecond, limits));
  const roofLine = (bandwidth: number) => ({
    color: 'var(--ink)' as const,
    points: [min, flopPerSecond / bandwidth, max].map((x) => ({
      x,
      y: roof(x, bandwidth, limits),
    })),
  });
  const options: ChartOptions = {
    x: { label: 'FLOP/byte', isLogarithmic: true, range: [min, max], format: formatPrefixed },
    y: {
      label: 'FLOP/s',
      isLogarithmic: true,
      range: spread(bottom, flopPerSecond, 2.2),
      format: formatPrefixed,
    },
    lines: [
      { ...roofLine(readBytesPerSecond), width: 2 },
      { ...roofLine(cachedBytesPerSecond), width: 1.5, isDashed: true },
      {
        color: 'var(--webgpu)',
        width: 0,
        hasDots: true,
        points: points.map((point) => {
          return { x: point.intensity, y: point.flopPerSecond, label: point.name };
        }),
      },
    ],
  };
  return makeFigure({
    name: 'roofline',
    title: 'Roofline of the GPU',
    caption:
      'The solid line is the limit that memory and arithmetic set, the dashed line the limit with caches; both were ' +
      'measured here. Something else, mostly dispatches, limits a workload far below the lines.',
    key: make('p.small', backendKey('webgpu', false)),
    description: `The roof is ${flops(flopPerSecond)}. ${rows.map(([name = '', intensity = '', rate = '']) => `${name}: ${rate} at ${intensity}`).join('; ')}.`,
    table: makeTable(
      'Workloads against the adapter’s limits',
      ['workload', 'intensity', 'reached', 'share of the limit'],
      rows,
    ),
    height,
    draw: (width) => drawChart(options, width, height),
  });
}
