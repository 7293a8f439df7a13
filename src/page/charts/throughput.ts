/** Throughput of the workloads that differ in size, as bars. */
import { backends as allBackends } from '../../benchmark/result/backends.ts';
import { drawBars, type BarGroup } from '../../benchmark/result/bars.ts';
import type { BenchmarkResult } from '../../benchmark/result/schema.ts';
import { shape } from '../../benchmark/result/svg.ts';
import { backendName, makeKeys } from '../backendNames.ts';
import { formatThree } from '../format.ts';
import { isSoftware, ladderOf } from '../result/lookUp.ts';
import { makeFigure } from './figure.ts';

export function makeThroughput(result: BenchmarkResult): HTMLElement | undefined {
  const groups = ladderOf(result).map(({ name, layers, batchSize, series }) => ({
    name,
    detail: `${layers.join('-')}, mini-batches of ${batchSize}`,
    bars: series.map(({ backend, estimate }) => ({ backend, ...estimate })),
  }));
  return drawThroughput(groups, isSoftware(result));
}

/** undefined without any bar. @param inSoftware whether the GPU is a software adapter */
export function drawThroughput(
  groups: readonly BarGroup[],
  inSoftware: boolean,
): HTMLElement | undefined {
  const ran = new Set(groups.flatMap(({ bars }) => bars.map(({ backend }) => backend)));
  const backends = allBackends.filter((backend) => ran.has(backend));
  if (backends.length === 0) return undefined;
  const ordered = groups.map((group) => ({
    ...group,
    bars: backends.flatMap((backend) => group.bars.filter((bar) => bar.backend === backend)),
  }));
  const words = ordered.map(({ name, bars }) => {
    const rates = bars.map(
      ({ backend, middle }) => `${backendName(backend, inSoftware)} ${formatThree(middle)}`,
    );
    return `${name} ${rates.join(', ')}`;
  });
  const rowHeight = 36 + 18 * backends.length;
  const height = rowHeight * groups.length;
  return makeFigure({
    name: 'throughput',
    title: 'Training throughput',
    caption:
      'Samples trained per second; longer is faster. Compare bars within a workload: the fastest fills the width. The ' +
      'thin line is the 95\u00a0% interval.',
    key: makeKeys(backends, inSoftware),
    description: `Samples trained per second: ${words.join('; ')}.`,
    isWide: true,
    height,
    draw: (width) => {
      const layout = {
        x: 0,
        y: 0,
        width,
        rowHeight,
        labelWidth: 0,
        figureWidth: 76,
        ratioWidth: 0,
      };
      return shape('svg', { width, height }, ...drawBars(ordered, layout));
    },
  });
}
