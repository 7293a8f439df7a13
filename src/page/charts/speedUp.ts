/** The speed-up of the GPU over the size of the network, and the size from which there is one. */
import type { BenchmarkResult, Estimate, WorkloadResult } from '../../benchmark/result/schema.ts';
import { gpuOverCpu } from '../../benchmark/result/sentences.ts';
import { formatEstimate } from '../../benchmark/result/words.ts';
import { makeTable } from '../elements.ts';
import { formatCount, formatPrefixed, formatRatio } from '../format.ts';
import { crossoverSentence } from '../result/findings.ts';
import { isSoftware, ladderOf } from '../result/lookUp.ts';
import { backendName } from '../backendNames.ts';
import { makeFigure } from './figure.ts';
import { drawWhiskers, writeBeside, type Box } from './marks.ts';
import { Plot, spread, type Pen } from './plot.ts';

interface Point {
  readonly workload: WorkloadResult;
  readonly ratio: Estimate;
}

/** undefined where nothing ran on both GPU and CPU. @param signal takes the chart off when it aborts */
export function makeSpeedUp(result: BenchmarkResult, signal: AbortSignal): HTMLElement | undefined {
  const points = ladderOf(result).flatMap((workload): Point[] => {
    const ratio = gpuOverCpu(workload);
    return ratio ? [{ workload, ratio }] : [];
  });
  if (points.length === 0) return undefined;
  const gpu = backendName('webgpu', isSoftware(result));
  const times = (ratio: number) => `${formatRatio(ratio)}\u00a0×`;
  const rows = points.map(({ workload: { name, parameterCount }, ratio }) => [
    name,
    formatCount(parameterCount),
    formatEstimate(ratio, times),
  ]);
  const { figure, place } = makeFigure({
    title: `${gpu} over CPU, by size of network`,
    caption:
      'Above the line at 1 the GPU is faster than the CPU. The dashed line flags the size from which it is.',
    description: `Speed-up over parameters: ${rows.map(([name = '', , ratio = '']) => `${name} ${ratio}`).join('; ')}. ${crossoverSentence(result)}`,
    table: makeTable('Speed-up by workload', ['workload', 'parameters', 'speed-up'], rows),
  });
  figure.dataset.chart = 'speed-up';
  const sizes = points.map(({ workload }) => workload.parameterCount);
  const ratios = points.flatMap(({ ratio }) => [ratio.low, ratio.high]);
  const crossover = result.crossover?.parameters;
  const plot = new Plot(place, {
    x: {
      label: 'weights and biases',
      isLogarithmic: true,
      range: spread(Math.min(...sizes), Math.max(...sizes), 2.5),
      format: formatPrefixed,
    },
    y: {
      label: 'times as fast',
      isLogarithmic: true,
      // With the line at 1 in view, whichever backend wins.
      range: spread(Math.min(0.7, ...ratios), Math.max(1.5, ...ratios), 1.9),
      format: formatRatio,
    },
    lines: [{ label: gpu, color: 'webgpu', width: 3, hasPoints: true }],
    height: 300,
    draw: (pen) => {
      const texts = drawRegions(pen);
      const lines = crossover === undefined ? [] : [drawCrossover(pen, crossover)];
      drawWhiskers(
        pen,
        'webgpu',
        points.map(({ workload, ratio }) => ({ x: workload.parameterCount, ...ratio })),
      );
      writeBeside(
        pen,
        points.map(({ workload: { name, parameterCount }, ratio }) => ({
          text: `${name} ${times(ratio.middle)}`,
          x: parameterCount,
          y: ratio.middle,
          low: ratio.low,
          high: ratio.high,
        })),
        { isLine: true, taken: [...texts, ...lines] },
      );
    },
    signal,
  });
  plot.show([sizes, points.map(({ ratio }) => ratio.middle)]);
  return figure;
}

/** The line at which both are equally fast, and the name of either side of it. @returns where these are */
function drawRegions({ context, box, scale, y, color }: Pen): readonly Box[] {
  const even = y(1);
  const { left, top, width, height } = box;
  context.save();
  context.globalAlpha = 0.08;
  context.fillStyle = color('webgpu');
  context.fillRect(left, top, width, Math.max(0, even - top));
  context.fillStyle = color('cpu');
  context.fillRect(left, even, width, Math.max(0, top + height - even));
  context.globalAlpha = 1;
  context.strokeStyle = color('ink');
  context.lineWidth = 1.5 * scale;
  context.beginPath();
  context.moveTo(left, even);
  context.lineTo(left + width, even);
  context.stroke();
  context.fillStyle = color('muted');
  context.textAlign = 'left';
  context.textBaseline = 'middle';
  const textHeight = 14 * scale;
  const room = 8 * scale;
  const names = [
    { text: 'GPU faster', place: top + room },
    { text: 'CPU faster', place: top + height - room - textHeight },
  ].map(({ text, place }) => {
    context.fillText(text, left + room, place + textHeight / 2);
    const textWidth = context.measureText(text).width;
    return { left: left + room, top: place, width: textWidth, height: textHeight };
  });
  context.restore();
  return [...names, { left, top: even - scale, width, height: 2 * scale }];
}

/** @returns where its line is */
function drawCrossover({ context, box, scale, x, y, color }: Pen, parameters: number): Box {
  const at = x(parameters);
  context.save();
  context.strokeStyle = color('ink');
  context.lineWidth = 1.5 * scale;
  context.setLineDash([5 * scale, 4 * scale]);
  context.beginPath();
  context.moveTo(at, box.top);
  context.lineTo(at, box.top + box.height);
  context.stroke();
  context.setLineDash([]);
  context.fillStyle = color('ink');
  context.beginPath();
  context.arc(at, y(1), 5 * scale, 0, 2 * Math.PI);
  context.fill();
  context.restore();
  return { left: at - 5 * scale, top: box.top, width: 10 * scale, height: box.height };
}
