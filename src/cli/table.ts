/** Numbers, tables and JSON as text. */
import { formatCount } from '../benchmark/result/words.ts';

export { formatCount };

/** '93.42 %' for 0.9342 */
export function formatShare(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

/** Four significant digits: '0.1123'. */
export function formatCost(cost: number): string {
  return cost.toPrecision(4);
}

/** '12.3 s', '4 min 05 s' */
export function formatSeconds(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
}

/** '1 step', '1,200 steps' */
export function plural(count: number, word: string): string {
  return `${formatCount(count)} ${word}${count === 1 ? '' : 's'}`;
}

/**
 * Aligns cells in columns, separated by two spaces.
 * @param align 'l' or 'r' for each column
 */
export function formatTable(rows: readonly (readonly string[])[], align: string): string[] {
  const columns = Array.from(align);
  const widths = columns.map((_, c) => Math.max(...rows.map((row) => (row[c] ?? '').length)));
  return rows.map((row) =>
    columns
      .map((side, c) => {
        const cell = row[c] ?? '';
        return side === 'r' ? cell.padStart(widths[c]!) : cell.padEnd(widths[c]!);
      })
      .join('  ')
      .trimEnd(),
  );
}

/** A confusion matrix with one row per label, one column per prediction, and the share of correct predictions. */
export function formatConfusion(confusion: readonly (readonly number[])[]): string[] {
  const header = ['label', ...confusion.map((_, prediction) => `${prediction}`), 'right'];
  const rows = confusion.map((counts, label) => {
    const total = counts.reduce((sum, count) => sum + count, 0);
    const right = total === 0 ? '' : formatShare(counts[label]! / total);
    // Dots instead of zeros make the mistakes stand out.
    return [`${label}`, ...counts.map((count) => (count === 0 ? '·' : `${count}`)), right];
  });
  const align = 'r'.repeat(header.length);
  return [
    'Samples by label (rows) and prediction (columns):',
    ...formatTable([header, ...rows], align),
  ];
}

/**
 * Indented JSON with each list of numbers on one line. A JSON string contains no raw line break, so the pattern never
 * matches inside one.
 */
export function formatJson(value: unknown): string {
  return JSON.stringify(value, undefined, 2).replace(
    /\[\n\s+(-?\d[-+.\de]*(?:,\n\s+-?\d[-+.\de]*)*)\n\s+\]/gi,
    (_, numbers: string) => `[${numbers.replace(/,\s+/g, ', ')}]`,
  );
}
