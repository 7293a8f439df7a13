/**
 * A result as a picture of the size that social networks show with a link, 1200 × 630: SVG that needs nothing from
 * anywhere, neither fonts nor scripts nor other pictures.
 */
import { referenceMachine } from '../score.ts';
import { barChart } from './cardChart.ts';
import type { BenchmarkResult, Score } from './schema.ts';
import { attributes, cardColors as colors, escapeText, textAt } from './svg.ts';
import {
  classNames,
  describeDay,
  describeGpu,
  formatCount,
  formatEstimate,
  formatInterval,
  formatUncertainty,
  flagNames,
  plainText,
  scoreTitle,
  backendNames,
} from './words.ts';

const width = 1200;
const height = 630;
const margin = 56;

/** Without its scheme, which takes room and which readers know. */
const scheme = /^https?:\/\//;

/**
 * The picture, as text of an SVG file.
 * @param address of nudge, which stands in the corner: 'https://…'; without one there is none
 */
export function resultCard(result: BenchmarkResult, address = ''): string {
  return [
    `<svg ${attributes({
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      role: 'img',
      'font-family': 'system-ui, -apple-system, Segoe UI, Roboto, Helvetica, Arial, sans-serif',
    })}>`,
    `<title>${escapeText(describeCard(result))}</title>`,
    rectangle(0, 0, width, height, colors.background),
    textAt(margin, 78, 'nudge', { size: 34, weight: 700, fill: colors.text }),
    textAt(190, 78, 'how fast this machine trains', { size: 22, fill: colors.faint }),
    ...(address === ''
      ? []
      : [
          textAt(
            width - margin,
            78,
            plainText(address.replace(scheme, '').replace(/\/$/, ''), 60),
            {
              size: 18,
              fill: colors.faint,
              anchor: 'end',
            },
          ),
        ]),
    ...scoreLines(result),
    rectangle(440, 104, width - 440 - margin, 376, colors.panel, 12, colors.line),
    ...barChart(result, { x: 464, y: 128, width: width - 464 - margin - 24, height: 328 }),
    ...footer(result),
    '</svg>',
    '',
  ].join('\n');
}

/** For readers who cannot see it. */
function describeCard(result: BenchmarkResult): string {
  const scores = result.scores.map(
    ({ backend, ...score }) => `${backendNames[backend]} ${formatEstimate(score, formatCount)}`,
  );
  const gpu = gpuName(result);
  return `nudge benchmark: ${scores.length > 0 ? `score ${scores.join('; ')}` : 'no score'}. GPU: ${gpu}.`;
}

/** The GPU's score large, or the CPU's where there is no other; the rest small. */
function scoreLines(result: BenchmarkResult): string[] {
  const { scores } = result;
  const main = scores.find(({ backend }) => backend === 'webgpu') ?? scores.at(-1);
  const at = (y: number, text: string, size: number, fill: string, weight = 400) =>
    textAt(margin, y, text, { size, fill, weight });
  if (!main) return [at(240, 'no score', 64, colors.faint, 700), ...reasonLines(result)];
  const others = scores.filter((score) => score !== main).slice(-2);
  return [
    at(150, scoreTitle(main), 22, colors.faint),
    at(
      240,
      formatCount(main.middle),
      92,
      main.backend === 'webgpu' ? colors.webgpu : colors.text,
      700,
    ),
    at(278, `95 % interval ${formatInterval(main, formatCount)}`, 19, colors.faint),
    at(312, describeClass(main), 19, colors.faint),
    ...(main.isComplete
      ? []
      : [at(340, `over ${main.workloads.length} workloads only`, 19, colors.bad)]),
    ...others.map((score, n) =>
      at(
        376 + 28 * n,
        `${backendNames[score.backend]}: ${formatCount(score.middle)} ${formatUncertainty(score)}`,
        16,
        colors.text,
      ),
    ),
    ...verificationLines(result),
  ];
}

/** In so few words that they fit. */
function describeClass({ class: kind }: Score): string {
  return kind === 'software' ? 'software adapter: no GPU' : classNames[kind];
}

function reasonLines({ flags }: BenchmarkResult): string[] {
  const kinds = [...new Set(flags.filter(({ isVoid }) => isVoid).map(({ kind }) => kind))];
  return kinds
    .slice(0, 4)
    .map((kind, n) =>
      textAt(margin, 284 + 30 * n, flagNames[kind], { size: 22, fill: colors.bad }),
    );
}

function verificationLines({ workloads }: BenchmarkResult): string[] {
  const checks = workloads.flatMap(({ verification }) => verification ?? []);
  if (checks.length === 0) return [];
  const worst = Math.max(...checks.map((check) => check.worst));
  const isVerified = checks.every((check) => check.isVerified);
  const fill = isVerified ? colors.good : colors.bad;
  return [
    textAt(margin, 442, isVerified ? 'verified' : 'NOT VERIFIED', { size: 19, weight: 700, fill }),
    textAt(margin, 466, `worst error ${worst.toPrecision(2)} of the tolerance`, { size: 16, fill }),
  ];
}

function footer(result: BenchmarkResult): string[] {
  const { environment, data, nudge } = result;
  // Letters of most fonts are 0.6 of their size wide, on average.
  const line = (y: number, text: string, size: number, fill: string) =>
    textAt(margin, y, plainText(text, (width - 2 * margin) / (0.62 * size)), { size, fill });
  return [
    line(522, `GPU: ${gpuName(result)}`, 22, colors.text),
    line(
      552,
      `${plainText(environment.name, 40)} on ${plainText(environment.system, 40)}, ${environment.threads} threads`,
      18,
      colors.faint,
    ),
    line(
      578,
      `${plainText(data.name, 60)}; ${describeDay(result)}; nudge ${plainText(nudge.version, 20)}`,
      18,
      colors.faint,
    ),
    line(604, `1000 = ${referenceMachine.name}`, 18, colors.faint),
  ];
}

/** Why there is none is a matter of the program that asked, and not of a picture. */
function gpuName({ environment }: BenchmarkResult): string {
  return environment.adapter ? describeGpu(environment) : 'none';
}

function rectangle(
  x: number,
  y: number,
  w: number,
  h: number,
  fill: string,
  rx?: number,
  stroke?: string,
): string {
  return `<rect ${attributes({ x, y, width: w, height: h, fill, rx, stroke })}/>`;
}
