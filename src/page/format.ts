/** Formats numbers for the page. Spaces before units do not break. */
import { formatCount } from '../benchmark/result/words.ts';

export { formatCount };

/** Three significant digits: 215_866 → '216,000', 3.14159 → '3.14'. */
export function formatThree(value: number): string {
  return value.toLocaleString('en', { maximumSignificantDigits: 3 });
}

/** 0.92134 → '92.13 %'. */
export function formatPercent(share: number): string {
  return `${(share * 100).toFixed(2)}\u00a0%`;
}

/** 0.30251 → '0.3025'. */
export function formatCost(cost: number): string {
  return cost.toFixed(4);
}

/** '0.048', '0.48', '1.4', '12', '1,230'. */
export function formatRatio(ratio: number): string {
  if (ratio >= 100) return formatThree(ratio);
  return ratio.toLocaleString('en', { maximumSignificantDigits: 2 });
}

/** '0.31', '0.004', 'less than 0.001'. */
export function formatSmall(value: number): string {
  if (value < 0.001) return 'less than 0.001';
  return value < 0.1 ? value.toPrecision(1) : value.toFixed(2);
}

/** A measured time: '0.42 ms', '18 ms', '1.32 s', '65 s'. */
export function formatSeconds(seconds: number): string {
  if (seconds >= 10) return `${formatCount(seconds)}\u00a0s`;
  if (seconds >= 1) return `${seconds.toFixed(2)}\u00a0s`;
  const milliseconds = seconds * 1000;
  return `${milliseconds >= 10 ? formatCount(milliseconds) : milliseconds.toFixed(2)}\u00a0ms`;
}

const prefixes = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
] as const;

/** 4.8e10 → '48 G'. The unit follows without a space. */
export function formatPrefixed(value: number): string {
  const [unit, prefix] = prefixes.find(([unit]) => value >= unit) ?? [1, ''];
  return `${formatThree(value / unit)}\u00a0${prefix}`;
}

/** An approximate time: '8 s', '1 min 20 s', '12 min'. */
export function formatDuration(seconds: number): string {
  if (seconds < 9.5) return `${Math.max(1, Math.round(seconds))}\u00a0s`;
  if (seconds < 57.5) return `${Math.round(seconds / 5) * 5}\u00a0s`;
  if (seconds >= 300) return `${Math.round(seconds / 60)}\u00a0min`;
  const tens = Math.round(seconds / 10);
  const rest = (tens % 6) * 10;
  return `${Math.floor(tens / 6)}\u00a0min${rest > 0 ? ` ${rest}\u00a0s` : ''}`;
}

/** The time left at the pace so far; '' if it is too early to estimate. @param done share, 0 to 1 */
export function timeLeft(elapsedSeconds: number, done: number): string {
  if (elapsedSeconds < 2 || done < 0.02) return '';
  return `about ${formatDuration((elapsedSeconds * (1 - done)) / done)} left`;
}
