/** Throughput over the size of the mini-batch, of one and the same network. */
import type { BenchmarkResult } from '../../benchmark/result/schema.ts';
import { makeTable } from '../elements.ts';
import { formatPrefixed, formatThree } from '../format.ts';
import { batchSweepOf, isSoftware, networkName, seriesOf, backendsOf } from '../result/lookUp.ts';
import { formatEstimate } from '../../benchmark/result/words.ts';
import { backendKey, backendName } from '../backendNames.ts';
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
  const backends = backendsOf(result).filter((backend) =>
    sweep.some((one) => seriesOf(one, backend)),
  );
  const nameOf = (backend: (typeof backends)[number]) => backendName(backend, isSoftware(result));
  const rows = sweep.map((workload) => [
    String(workload.batchSize),
    ...backends.map((backend) => {
      const series = seriesOf(workload, backend);
      return series ? formatEstimate(series.estimate, formatThree) : '–';
    }),
  ]);
  const { figure, place } = makeFigure({
    title: 'Throughput by mini-batch',
    caption: `Samples per second of the network ${networkName(first)}. Large mini-batches keep a GPU busy; small ones are mostly overhead.`,
    key: backends.map((backend) => [backendKey(backend), nameOf(backend)] as const),
    description: `Samples trained per second over the size of the mini-batch: ${backends
      .map((backend) => {
        const values = sweep.flatMap((one) => {
          const series = seriesOf(one, backend);
          return series ? [`${formatThree(series.estimate.middle)} at ${one.batchSize}`] : [];
        });
        return `${nameOf(backend)} ${values.join(', ')}`;
      })
      .join('; ')}.`,
    table: makeTable(
      'Samples trained per second by mini-batch',
      ['mini-batch', ...backends.map(nameOf)],
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
    lines: backends.map((backend) => ({
      label: nameOf(backend),
      color: backend,
      width: 2.5,
      hasPoints: true,
      isDashed: backend === 'cpu-1',
    })),
    draw: (pen) => {
      for (const backend of backends) {
        const intervals = sweep.flatMap((one) => {
          const estimate = seriesOf(one, backend)?.estimate;
          return estimate ? [{ x: one.batchSize, ...estimate }] : [];
        });
        drawWhiskers(pen, backend, intervals);
      }
    },
    signal,
  });
  plot.show([
    sizes,
    ...backends.map((backend) =>
      sweep.map((one) => seriesOf(one, backend)?.estimate.middle ?? null),
    ),
  ]);
  return figure;
}
