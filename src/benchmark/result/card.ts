/** The result card: a picture of 1200 × 630, the size that social networks show, as SVG without fonts, scripts or links. */
import { referenceMachine } from '../score.ts';
import { drawBars } from './bars.ts';
import type { BackendName, BenchmarkResult, Score } from './schema.ts';
import { shape, svgText, textAt, type Color, type Shape } from './svg.ts';
import {
  backendNames,
  classNames,
  describeDay,
  describeGpu,
  flagNames,
  formatCount,
  formatEstimate,
  formatInterval,
  formatUncertainty,
  plainText,
  scoreTitle,
} from './words.ts';

const width = 1200;
const height = 630;
const margin = 56;
const [ink, muted, right, warn] = [
  'var(--ink)',
  'var(--muted)',
  'var(--right)',
  'var(--warn-ink)',
] as const;

/** The panel with the bars. */
const panel = { x: 440, y: 104, width: width - 440 - margin, height: 376 };
const bars = { x: 464, y: 162, width: panel.width - 48, labelWidth: 130, figureWidth: 190 };
const barsHeight = 294;
const ratioColumn = 86;
/** More would be too small to read. */
const maxWorkloads = 6;

/**
 * The card, as text of an SVG file.
 * @param address of nudge, shown in the corner without its scheme: 'https://…'; '' shows none
 */
export function resultCard(result: BenchmarkResult, address = ''): string {
  const where = plainText(address.replace(/^https?:\/\//, '').replace(/\/$/, ''), 60);
  const card = shape(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      role: 'img',
      'font-family': 'system-ui, -apple-system, Segoe UI, Roboto, Helvetica, Arial, sans-serif',
    },
    shape('title', {}, describeCard(result)),
    shape('rect', { x: 0, y: 0, width, height, fill: 'var(--paper)' }),
    textAt(margin, 78, 'nudge', { size: 34, weight: 700, fill: ink }),
    textAt(190, 78, 'how fast this machine trains', { size: 22, fill: muted }),
    textAt(width - margin, 78, where, { size: 18, fill: muted, anchor: 'end' }),
    ...scoreLines(result),
    shape('rect', { ...panel, fill: 'var(--card)', rx: 12, stroke: 'var(--line)' }),
    ...throughput(result),
    ...footer(result),
  );
  return `${svgText(card)}\n`;
}

/** The card in words, for screen readers. */
function describeCard(result: BenchmarkResult): string {
  const scores = result.scores.map(
    ({ backend, ...score }) => `${backendNames[backend]} ${formatEstimate(score, formatCount)}`,
  );
  return `nudge benchmark: ${scores.length > 0 ? `score ${scores.join('; ')}` : 'no score'}. GPU: ${gpuName(result)}.`;
}

/** The GPU's score in large digits, or the CPU's if the GPU has none; the other scores in small digits. */
function scoreLines(result: BenchmarkResult): Shape[] {
  const { scores } = result;
  const main = scores.find(({ backend }) => backend === 'webgpu') ?? scores.at(-1);
  const at = (y: number, text: string, size: number, fill: Color, weight?: number) =>
    textAt(margin, y, text, { size, fill, ...(weight !== undefined && { weight }) });
  if (!main) {
    const voids = result.flags.filter(({ isVoid }) => isVoid).map(({ kind }) => kind);
    return [
      at(240, 'no score', 64, muted, 700),
      ...[...new Set(voids)]
        .slice(0, 4)
        .map((kind, n) => at(284 + 30 * n, flagNames[kind], 22, warn)),
    ];
  }
  const others = scores.filter((score) => score !== main).slice(-2);
  return [
    at(150, scoreTitle(main), 22, muted),
    at(240, formatCount(main.middle), 92, main.backend === 'webgpu' ? 'var(--webgpu)' : ink, 700),
    at(278, `95 % interval ${formatInterval(main, formatCount)}`, 19, muted),
    at(312, describeClass(main), 19, muted),
    ...(main.isComplete ? [] : [at(340, `over ${main.workloads.length} workloads only`, 19, warn)]),
    ...others.map((score, n) => {
      const words = `${backendNames[score.backend]}: ${formatCount(score.middle)} ${formatUncertainty(score)}`;
      return at(376 + 28 * n, words, 16, ink);
    }),
    ...verificationLines(result),
  ];
}

/** Shorter than the class's name, so that it fits. */
function describeClass({ class: kind }: Score): string {
  return kind === 'software' ? 'software adapter: no GPU' : classNames[kind];
}

function verificationLines({ workloads }: BenchmarkResult): Shape[] {
  const checks = workloads.flatMap(({ verification }) => verification ?? []);
  if (checks.length === 0) return [];
  const worst = Math.max(...checks.map((check) => check.worst));
  const isVerified = checks.every((check) => check.isVerified);
  const fill = isVerified ? right : warn;
  return [
    textAt(margin, 442, isVerified ? 'verified' : 'NOT VERIFIED', { size: 19, weight: 700, fill }),
    textAt(margin, 466, `worst error ${worst.toPrecision(2)} of the tolerance`, { size: 16, fill }),
  ];
}

/** The bars with a legend, which names the backends in the order of the bars. */
function throughput({ workloads }: BenchmarkResult): Shape[] {
  const backends = comparedBackends(workloads);
  const [over, of] = backends;
  const shown = workloads.slice(0, maxWorkloads);
  const heading = (x: number, text: string, anchor: 'start' | 'end') =>
    textAt(x, 141, text, { size: 16, fill: muted, anchor });
  const end = bars.x + bars.width;
  const ratioWidth = of ? ratioColumn : 0;
  return [
    ...backends.flatMap((backend, n) => {
      const x = bars.x + bars.labelWidth + 170 * n;
      const key = { x, y: 128, width: 14, height: 14, rx: 3, fill: `var(--${backend})` };
      return [
        shape('rect', key),
        textAt(x + 22, 141, backendNames[backend], { size: 16, fill: ink }),
      ];
    }),
    ...(workloads.length > maxWorkloads
      ? [heading(bars.x, `${maxWorkloads} of ${workloads.length}`, 'start')]
      : []),
    heading(end - ratioWidth, 'samples/s', 'end'),
    ...(of ? [heading(end, 'ratio', 'end')] : []),
    ...drawBars(
      shown.map(({ name, layers, series, ratios }) => ({
        name,
        detail: layers.join('-'),
        bars: backends.flatMap((backend) => {
          const found = series.find((one) => one.backend === backend);
          return found ? [{ backend, ...found.estimate }] : [];
        }),
        ratio: ratios.find((one) => one.of === of && one.over === over)?.middle,
      })),
      { ...bars, ratioWidth, rowHeight: barsHeight / Math.max(shown.length, 3) },
    ),
  ];
}

/** CPU and GPU, or one thread and all threads if no GPU ran. */
function comparedBackends(workloads: BenchmarkResult['workloads']): BackendName[] {
  const ran = (backend: BackendName) =>
    workloads.some(({ series }) => series.some((one) => one.backend === backend));
  const cpu = (['cpu', 'cpu-1'] as const).find(ran);
  if (ran('webgpu')) return cpu ? [cpu, 'webgpu'] : ['webgpu'];
  return (['cpu-1', 'cpu'] as const).filter(ran);
}

function footer(result: BenchmarkResult): Shape[] {
  const { environment, data, nudge } = result;
  const { name, system, threads } = environment;
  // In most fonts a letter is 0.6 of the font size wide on average.
  const line = (y: number, text: string, size: number, fill: Color) =>
    textAt(margin, y, plainText(text, (width - 2 * margin) / (0.62 * size)), { size, fill });
  const machine = `${plainText(name, 40)} on ${plainText(system, 40)}, ${threads} threads`;
  const run = `${plainText(data.name, 60)}; ${describeDay(result)}; nudge ${plainText(nudge.version, 20)}`;
  return [
    line(522, `GPU: ${gpuName(result)}`, 22, ink),
    line(552, machine, 18, muted),
    line(578, run, 18, muted),
    line(604, `1000 = ${referenceMachine.name}`, 18, muted),
  ];
}

/** Leaves out why there is no GPU: that sentence is for the program that asked. */
function gpuName({ environment }: BenchmarkResult): string {
  return environment.adapter ? describeGpu(environment) : 'none';
}
