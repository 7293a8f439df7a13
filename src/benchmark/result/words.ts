/** Figures and names of a result in words, the same in every format that people read. */
import { adapterName } from '../../gpu/adapter.ts';
import type { BenchmarkResult, Environment, Estimate, Flag, Score } from './schema.ts';

export { backendNames } from './backends.ts';

export const classNames: Readonly<Record<Score['class'], string>> = {
  cpu: 'CPU',
  hardware: 'hardware adapter',
  software: 'software adapter, which computes on the CPU',
};

/** What a score is of: 'GPU score, in software'. */
export function scoreTitle({ backend, class: kind }: Pick<Score, 'backend' | 'class'>): string {
  switch (backend) {
    case 'webgpu':
      return kind === 'software' ? 'GPU score, in software' : 'GPU score';
    case 'cpu':
      return 'CPU score';
    case 'cpu-1':
      return 'CPU score, one thread';
  }
}

export const flagNames: Readonly<Record<Flag['kind'], string>> = {
  hidden: 'hidden',
  busy: 'busy machine',
  'device-lost': 'device lost',
  disturbed: 'disturbed',
  throttled: 'throttled',
  threads: 'threads',
  'below-limit': 'far below the limit',
  'not-steady': 'not steady',
  'not-verified': 'not verified',
  stopped: 'stopped',
  failed: 'failed',
};

/** '745,132', '8.41': whole where there are digits enough, else three significant ones. */
export function formatRate(rate: number): string {
  return rate >= 100 ? formatCount(rate) : formatSignificant(rate);
}

export function formatCount(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** '0.510×', '27.3×', '1,240×' */
export function formatRatio(ratio: number): string {
  return `${ratio < 100 && ratio >= 0.001 ? ratio.toPrecision(3) : formatRate(ratio)}×`;
}

/** '± 1.2 %': half of the interval as a share of its middle; '± ?' of a single block, which has none. */
export function formatUncertainty({ middle, low, high }: Estimate): string {
  if (low === high) return '± ?';
  const percent = (50 * (high - low)) / middle;
  // Of two blocks, mostly.
  if (percent > 100) return '± over 100 %';
  return `± ${percent < 10 ? percent.toFixed(1) : formatCount(percent)} %`;
}

/** '3,034 to 3,073'; 'unknown' of a single block. */
export function formatInterval({ low, high }: Estimate, format: (value: number) => string): string {
  return low === high ? 'unknown' : `${format(low)} to ${format(high)}`;
}

/** '3,050 (3,034 to 3,073)'; '3,050' of a single block. */
export function formatEstimate(estimate: Estimate, format: (value: number) => string): string {
  const { middle, low, high } = estimate;
  return low === high ? format(middle) : `${format(middle)} (${formatInterval(estimate, format)})`;
}

function formatSignificant(value: number): string {
  // A tiny number would come out as 1e-7, which is hard to read.
  return value < 0.001 ? 'less than 0.001' : String(Number(value.toPrecision(3)));
}

/** 'acme roadrunner-2, ACME Roadrunner 2060 (hardware)', or why there is none. */
export function describeGpu({ adapter, noAdapter }: Environment): string {
  return plainText(adapter ? adapterName(adapter) : `none. ${noAdapter ?? ''}`);
}

/** 'MNIST, 60,000 + 10,000 samples, SHA-256 c0ffeec0ffee…' */
export function describeData({ data }: BenchmarkResult): string {
  const { name, trainingCount, testCount, sha256 } = data;
  const counts = `${formatCount(trainingCount)} + ${formatCount(testCount)} samples`;
  return `${plainText(name)}, ${counts}, SHA-256 ${sha256.slice(0, 12)}…`;
}

/** '26 November 2026', in UTC. */
export function describeDay({ startedAt }: Pick<BenchmarkResult, 'startedAt'>): string {
  const day = new Date(startedAt);
  // The schema lets 31 February through, and whatever else a calendar has no day for.
  if (Number.isNaN(day.getTime())) return startedAt.slice(0, 10);
  return day.toLocaleDateString('en-GB', { dateStyle: 'long', timeZone: 'UTC' });
}

/** 'Throttled: A flag’s own sentence, which says where. The score is void for it.' */
export function describeFlag({ kind, message, isVoid }: Flag): string {
  const name = flagNames[kind];
  const head = `${name[0]!.toUpperCase()}${name.slice(1)}`;
  return `${head}: ${plainText(message)}${isVoid ? ' The score is void for it.' : ''}`;
}

/**
 * Text of a stranger's on one line, without what moves a terminal's cursor, hides text or turns its direction.
 * @param max characters, of which the last is an ellipsis where there are more
 */
export function plainText(text: string, max = Infinity): string {
  // Controls, formats, surrogates that are alone, line and paragraph separators.
  const line = text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  const characters = Array.from(line);
  return characters.length > max ? `${characters.slice(0, max - 1).join('')}…` : line;
}
