/** Throughput over the size of the mini-batch, of one and the same network. */
import type { BenchmarkResult } from '../../benchmark/result/schema.ts';
import { makeTable } from '../elements.ts';
import { formatPrefixed, formatThree } from '../format.ts';
import { batchSweepOf, isSoftware, networkName, seriesOf, sidesOf } from '../result/lookUp.ts';
import { formatEstimate } from '../../benchmark/result/words.ts';
import { sideKey, sideName } from '../sides.ts';
import { makeFigure } from './figure.ts';
import { drawWhiskers } from './marks.ts';
import { Plot, spread } from './plot.ts';

/** undefined where no two sizes of mini-batch ran. @param signal takes the chart off when it aborts */
export function makeBatchSweep(
  result: BenchmarkResult,
  signal: AbortSignal,
): HTMLElement | undefined {
  const sweep = batchSweepOf(result);
  const [first] = sweep;
  if (!first) return undefined;
  const sides = sidesOf(result).filter((side) => sweep.some((one) => seriesOf(one, side)));
  const nameOf = (side: (typeof sides)[number]) => sideName(side, isSoftware(result));
  const rows = sweep.map((workload) => [
    String(workload.batchSize),
    ...sides.map((side) => {
      const series = seriesOf(workload, side);
      return series ? formatEstimate(series.estimate, formatThree) : '–';
    }),
  ]);
  const { figure, place } = makeFigure({
    title: 'Throughput by mini-batch',
    caption: `Samples per second of the network ${networkName(first)}. Large mini-batches keep a GPU busy; small ones are mostly overhead.`,
    key: sides.map((side) => [sideKey(side), nameOf(side)] as const),
    description: `Samples trained per second over the size of the mini-batch: ${sides
      .map((side) => {
        const values = sweep.flatMap((one) => {
          const series = seriesOf(one, side);
          return series ? [`${formatThree(series.estimate.middle)} at ${one.batchSize}`] : [];
        });
        return `${nameOf(side)} ${values.join(', ')}`;
      })
      .join('; ')}.`,
    table: makeTable(
      'Samples trained per second by mini-batch',
      ['mini-batch', ...sides.map(nameOf)],
      rows,
    ),
  });
  figure.dataset.chart = 'batch-sweep';
  const sizes = sweep.map(({ batchSize }) => batchSize);
  const plot = new Plot(place, {
    x: {
      label: 'samples in a mini-batch',
      isLogarithmic: true,
      range: spread(Math.min(...sizes), Math.max(...sizes)),
      format: formatPrefixed,
    },
    y: { label: 'samples/s', isLogarithmic: true, format: formatPrefixed },
    lines: sides.map((side) => ({
      label: nameOf(side),
      color: side,
      width: 2.5,
      hasPoints: true,
      isDashed: side === 'cpu-1',
    })),
    draw: (pen) => {
      for (const side of sides) {
        const intervals = sweep.flatMap((one) => {
          const estimate = seriesOf(one, side)?.estimate;
          return estimate ? [{ x: one.batchSize, ...estimate }] : [];
        });
        drawWhiskers(pen, side, intervals);
      }
    },
    signal,
  });
  plot.show([
    sizes,
    ...sides.map((side) => sweep.map((one) => seriesOf(one, side)?.estimate.middle ?? null)),
  ]);
  return figure;
}
