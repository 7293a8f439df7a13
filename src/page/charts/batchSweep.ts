/** Throughput of one network by size of the mini-batch. */
import type { BenchmarkResult } from '../../benchmark/result/schema.ts';
import { formatEstimate } from '../../benchmark/result/words.ts';
import { backendName, makeKeys } from '../backendNames.ts';
import { makeTable } from '../elements.ts';
import { formatPrefixed, formatThree } from '../format.ts';
import { backendsOf, batchSweepOf, cellsOf, isSoftware, seriesOf } from '../result/lookUp.ts';
import { makeFigure } from './figure.ts';
import { drawChart, spread, type ChartOptions } from './lineChart.ts';

const height = 240;

/** undefined if fewer than two sizes of mini-batch ran. */
export function makeBatchSweep(result: BenchmarkResult): HTMLElement | undefined {
  const sweep = batchSweepOf(result);
  const [first] = sweep;
  if (!first) return undefined;
  const estimatesOf = (backend: Parameters<typeof backendName>[0]) =>
    sweep.flatMap((workload) => {
      const series = seriesOf(workload, backend);
      return series ? [{ batchSize: workload.batchSize, ...series.estimate }] : [];
    });
  const backends = backendsOf(result).filter((backend) => estimatesOf(backend).length > 0);
  const nameOf = (backend: (typeof backends)[number]) => backendName(backend, isSoftware(result));
  const rows = sweep.map((workload) => [
    String(workload.batchSize),
    ...cellsOf(workload, backends, ({ estimate }) => formatEstimate(estimate, formatThree)),
  ]);
  const words = backends.map((backend) => {
    const values = estimatesOf(backend).map(
      ({ batchSize, middle }) => `${formatThree(middle)} at ${batchSize}`,
    );
    return `${nameOf(backend)} ${values.join(', ')}`;
  });
  const options: ChartOptions = {
    x: {
      label: 'samples in a mini-batch',
      isLogarithmic: true,
      range: spread(first.batchSize, sweep.at(-1)!.batchSize),
      format: formatPrefixed,
    },
    y: { label: 'samples/s', isLogarithmic: true, format: formatPrefixed },
    lines: backends.map((backend) => ({
      color: `var(--${backend})`,
      width: 2.5,
      isDashed: backend === 'cpu-1',
      hasDots: true,
      points: estimatesOf(backend).map(({ batchSize: x, middle: y, low, high }) => {
        return { x, y, low, high };
      }),
    })),
  };
  return makeFigure({
    name: 'batch-sweep',
    title: 'Throughput by mini-batch',
    caption: `Samples per second of the network ${first.layers.join('-')}. Large mini-batches keep a GPU busy; small ones are mostly overhead.`,
    key: makeKeys(backends, isSoftware(result)),
    description: `Samples trained per second by size of the mini-batch: ${words.join('; ')}.`,
    table: makeTable(
      'Samples trained per second by mini-batch',
      ['mini-batch', ...backends.map(nameOf)],
      rows,
    ),
    height,
    draw: (width) => drawChart(options, width, height),
  });
}
