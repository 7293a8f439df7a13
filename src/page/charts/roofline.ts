/**
 * The roofline (Williams, Waterman and Patterson, "Roofline: an insightful visual performance model", CACM 52, 2009):
 * how much arithmetic a workload does to each byte it moves, and how fast it computes, below what this adapter can do
 * at most by its arithmetic and by its memory, both measured.
 */
import type {
  BenchmarkResult,
  MeasuredAdapterLimits,
  WorkloadResult,
} from '../../benchmark/result/schema.ts';
import { makeTable } from '../elements.ts';
import { formatPrefixed, formatThree } from '../format.ts';
import { ladderOf, seriesOf } from '../result/lookUp.ts';
import { limitWords } from '../result/findings.ts';
import { backendKey } from '../backendNames.ts';
import { makeFigure } from './figure.ts';
import { writeBeside } from './marks.ts';
import { Plot, spread } from './plot.ts';

/** A workload's place in the plot. */
export interface RooflinePoint {
  readonly name: string;
  /** FLOP a byte. */
  readonly intensity: number;
  readonly flopPerSecond: number;
  readonly limit: string;
}

/** The workloads that the GPU ran and that were compared with its limits, by intensity. */
export function rooflinePoints(workloads: readonly WorkloadResult[]): readonly RooflinePoint[] {
  return workloads
    .flatMap((workload) => {
      const series = seriesOf(workload, 'webgpu');
      if (!series?.limit) return [];
      const { flopPerStep, bytesPerStep } = series.limit;
      const stepsPerSecond = series.estimate.middle / workload.batchSize;
      return [
        {
          name: workload.name,
          intensity: flopPerStep / bytesPerStep,
          flopPerSecond: flopPerStep * stepsPerSecond,
          limit: limitWords(series),
        },
      ];
    })
    .sort((a, b) => a.intensity - b.intensity);
}

/** What can be computed at most at so many FLOP a byte, from a memory of this bandwidth. */
export function roof(
  intensity: number,
  bytesPerSecond: number,
  { flopPerSecond }: Pick<MeasuredAdapterLimits, 'flopPerSecond'>,
): number {
  return Math.min(flopPerSecond, intensity * bytesPerSecond);
}

/** undefined where no limits were measured. @param signal takes the chart off when it aborts */
export function makeRoofline(
  result: BenchmarkResult,
  signal: AbortSignal,
): HTMLElement | undefined {
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
  const { figure, place } = makeFigure({
    title: 'Roofline of the GPU',
    caption:
      'The solid line is what memory and arithmetic allow, the dashed line what caches allow; both are measured here. A ' +
      'point far below the roof is limited by something else, mostly by dispatches.',
    key: [[backendKey('webgpu'), 'workloads on the GPU']],
    description: `The roof is ${flops(limits.flopPerSecond)}. ${rows.map(([name = '', intensity = '', rate = '']) => `${name}: ${rate} at ${intensity}`).join('; ')}.`,
    table: makeTable(
      'Workloads against the adapter’s limits',
      ['workload', 'intensity', 'reached', 'share of the limit'],
      rows,
    ),
  });
  figure.dataset.chart = 'roofline';
  const ridge = limits.flopPerSecond / limits.readBytesPerSecond;
  const cachedRidge = limits.flopPerSecond / limits.cachedBytesPerSecond;
  const intensities = points.map(({ intensity }) => intensity);
  const [min, max] = spread(
    Math.min(...intensities, cachedRidge, ridge),
    Math.max(...intensities, cachedRidge, ridge),
    3,
  );
  const rates = points.map(({ flopPerSecond }) => flopPerSecond);
  // All lines share the points of one axis.
  const at = [...new Set([min, ridge, cachedRidge, ...intensities, max])].sort((a, b) => a - b);
  const plot = new Plot(place, {
    x: { label: 'FLOP/byte', isLogarithmic: true, range: [min, max], format: formatPrefixed },
    y: {
      label: 'FLOP/s',
      isLogarithmic: true,
      range: spread(
        Math.min(...rates, roof(min, limits.readBytesPerSecond, limits)),
        limits.flopPerSecond,
        2.2,
      ),
      format: formatPrefixed,
    },
    lines: [
      { label: 'memory and arithmetic', color: 'ink', width: 2 },
      { label: 'caches and arithmetic', color: 'ink', width: 1.5, isDashed: true },
    ],
    draw: (pen) => {
      const { context, scale, x, y, color } = pen;
      context.save();
      context.fillStyle = color('webgpu');
      for (const { intensity, flopPerSecond } of points) {
        context.beginPath();
        context.arc(x(intensity), y(flopPerSecond), 5 * scale, 0, 2 * Math.PI);
        context.fill();
      }
      context.restore();
      writeBeside(
        pen,
        points.map(({ name, intensity, flopPerSecond }) => ({
          text: name,
          x: intensity,
          y: flopPerSecond,
        })),
      );
    },
    signal,
  });
  plot.show([
    at,
    at.map((intensity) => roof(intensity, limits.readBytesPerSecond, limits)),
    at.map((intensity) => roof(intensity, limits.cachedBytesPerSecond, limits)),
  ]);
  return figure;
}
