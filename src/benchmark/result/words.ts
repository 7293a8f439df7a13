/** Formats the figures and names of a result for every text output. */
import { adapterName } from '../../gpu/adapter.ts';
import { invisible } from '../../network/arguments.ts';
import type { BenchmarkResult, Environment, Estimate, Flag, Score } from './schema.ts';

export { backendNames } from './backends.ts';

export const classNames: Readonly<Record<Score['class'], string>> = {
  cpu: 'CPU',
  hardware: 'hardware adapter',
  software: 'software adapter, which computes on the CPU',
};

/** 'GPU score, in software' */
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

/** '745,132', '8.41': an integer from 100 on, else three significant digits. */
export function formatRate(rate: number): string {
  if (rate >= 100) return formatCount(rate);
  // Small numbers would print as 1e-7.
  return rate < 0.001 ? 'less than 0.001' : String(Number(rate.toPrecision(3)));
}

export function formatCount(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** '0.510×', '27.3×', '1,240×' */
export function formatRatio(ratio: number): string {
  return `${ratio < 100 && ratio >= 0.001 ? ratio.toPrecision(3) : formatRate(ratio)}×`;
}

/** '± 1.2 %': half of the interval relative to its middle; '± ?' for a single block. */
export function formatUncertainty({ middle, low, high }: Estimate): string {
  if (low === high) return '± ?';
  const percent = (50 * (high - low)) / middle;
  if (percent > 100) return '± over 100 %';
  return `± ${percent < 10 ? percent.toFixed(1) : formatCount(percent)} %`;
}

/** '3,034 to 3,073'; 'unknown' for a single block. */
export function formatInterval({ low, high }: Estimate, format: (value: number) => string): string {
  return low === high ? 'unknown' : `${format(low)} to ${format(high)}`;
}

/** '3,050 (3,034 to 3,073)'; '3,050' for a single block. */
export function formatEstimate(estimate: Estimate, format: (value: number) => string): string {
  const { middle, low, high } = estimate;
  return low === high ? format(middle) : `${format(middle)} (${formatInterval(estimate, format)})`;
}

/** 'acme roadrunner-2, ACME Roadrunner 2060 (hardware)', or why there is no GPU. */
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
  // The schema accepts impossible days such as 31 February.
  if (Number.isNaN(day.getTime())) return startedAt.slice(0, 10);
  return day.toLocaleDateString('en-GB', { dateStyle: 'long', timeZone: 'UTC' });
}

/** 'Throttled: The flag’s message. This voids the score.' */
export function describeFlag({ kind, message, isVoid }: Flag): string {
  const name = flagNames[kind];
  const head = `${name[0]!.toUpperCase()}${name.slice(1)}`;
  return `${head}: ${plainText(message)}${isVoid ? ' This voids the score.' : ''}`;
}

/**
 * Untrusted text on one line, without characters that move a terminal's cursor, hide text or change its direction.
 * @param max characters; longer text is cut and ends with an ellipsis
 */
export function plainText(text: string, max = Infinity): string {
  const line = text.replace(invisible, ' ').trim();
  const characters = Array.from(line);
  return characters.length > max ? `${characters.slice(0, max - 1).join('')}…` : line;
}
