/** The GPU's speed-up over the CPU by size of network, with the size from which the GPU wins. */
import type { BenchmarkResult } from '../../benchmark/result/schema.ts';
import { gpuOverCpu } from '../../benchmark/result/sentences.ts';
import { shape, textAt } from '../../benchmark/result/svg.ts';
import { formatEstimate } from '../../benchmark/result/words.ts';
import { backendName } from '../backendNames.ts';
import { makeTable } from '../elements.ts';
import { formatCount, formatPrefixed, formatRatio } from '../format.ts';
import { crossoverSentence } from '../result/findings.ts';
import { isSoftware, ladderOf } from '../result/lookUp.ts';
import { makeFigure } from './figure.ts';
import { drawChart, letterWidth, spread, type ChartOptions, type Plane } from './lineChart.ts';

const height = 300;

/** undefined if no workload ran on both GPU and CPU. */
export function makeSpeedUp(result: BenchmarkResult): HTMLElement | undefined {
  const ratios = ladderOf(result).flatMap(({ name, parameterCount }, n, ladder) => {
    const ratio = gpuOverCpu(ladder[n]!);
    return ratio ? [{ name, parameterCount, ratio }] : [];
  });
  if (ratios.length === 0) return undefined;
  const times = (ratio: number) => `${formatRatio(ratio)}\u00a0×`;
  const rows = ratios.map(({ name, parameterCount, ratio }) => [
    name,
    formatCount(parameterCount),
    formatEstimate(ratio, times),
  ]);
  const points = ratios.map(({ name, parameterCount, ratio: { middle, low, high } }) => {
    return { x: parameterCount, y: middle, low, high, label: `${name} ${times(middle)}` };
  });
  const sizes = points.map(({ x }) => x);
  const lows = points.map(({ low }) => low);
  const highs = points.map(({ high }) => high);
  const options: ChartOptions = {
    x: {
      label: 'weights and biases',
      isLogarithmic: true,
      range: spread(Math.min(...sizes), Math.max(...sizes), 2.5),
      format: formatPrefixed,
    },
    y: {
      label: 'times as fast',
      isLogarithmic: true,
      // The line at 1 is always in view.
      range: spread(Math.min(0.7, ...lows), Math.max(1.5, ...highs), 1.9),
      format: formatRatio,
    },
    lines: [{ color: 'var(--webgpu)', width: 3, hasDots: true, points }],
    backdrop: (plane) => drawRegions(plane, result.crossover?.parameters),
  };
  return makeFigure({
    name: 'speed-up',
    title: `${backendName('webgpu', isSoftware(result))} over CPU, by size of network`,
    caption:
      'The GPU is faster above the line at 1. The dashed line is the size from which it wins.',
    description: `Speed-up over parameters: ${rows.map(([name = '', , ratio = '']) => `${name} ${ratio}`).join('; ')}. ${crossoverSentence(result)}`,
    table: makeTable('Speed-up by workload', ['workload', 'parameters', 'speed-up'], rows),
    height,
    draw: (width) => drawChart(options, width, height),
  });
}

/** The line at 1, tints and names for its two sides, and the crossover. */
function drawRegions(
  { box, x, y }: Plane,
  crossover: number | undefined,
): ReturnType<NonNullable<ChartOptions['backdrop']>> {
  const { left, top, width } = box;
  const bottom = top + box.height;
  const even = y(1);
  const tint = { x: left, width, 'fill-opacity': 0.08 };
  const line = { stroke: 'var(--ink)', 'stroke-width': 1.5 };
  const names = [
    { text: 'GPU faster', y: top + 18 },
    { text: 'CPU faster', y: bottom - 8 },
  ];
  return {
    shapes: [
      shape('rect', { ...tint, y: top, height: even - top, fill: 'var(--webgpu)' }),
      shape('rect', { ...tint, y: even, height: bottom - even, fill: 'var(--cpu)' }),
      shape('path', { ...line, d: `M${left} ${even}H${left + width}` }),
      ...names.map((name) =>
        textAt(left + 8, name.y, name.text, { size: 12, fill: 'var(--muted)' }),
      ),
      ...(crossover === undefined
        ? []
        : [
            shape('path', {
              ...line,
              'stroke-dasharray': '5 4',
              d: `M${x(crossover)} ${top}V${bottom}`,
            }),
            shape('circle', { cx: x(crossover), cy: even, r: 5, fill: 'var(--ink)' }),
          ]),
    ],
    boxes: [
      ...names.map(({ text, y: at }) => {
        return { left: left + 8, top: at - 11, width: letterWidth * text.length, height: 14 };
      }),
      { left, top: even - 1, width, height: 2 },
      ...(crossover === undefined
        ? []
        : [{ left: x(crossover) - 5, top, width: 10, height: box.height }]),
    ],
  };
}
