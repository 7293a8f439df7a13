/** Numbers and tables as text for people. */

/** '60,000' */
export function formatCount(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** '93.42 %' of a share from 0 to 1 */
export function formatShare(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

/** Four significant digits, as costs are read: '0.1123'. */
export function formatCost(cost: number): string {
  return cost.toPrecision(4);
}

/** '12.3 s', '4 min 05 s' */
export function formatSeconds(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
}

/** 'word', or 'words' when there is not one. */
export function plural(count: number, word: string): string {
  return `${formatCount(count)} ${word}${count === 1 ? '' : 's'}`;
}

/**
 * Rows of cells as lines of aligned columns, two spaces between.
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

/** A confusion matrix: a row a label, a column a prediction, and how many of the label were right. */
export function formatConfusion(confusion: readonly (readonly number[])[]): string[] {
  const header = ['label', ...confusion.map((_, prediction) => `${prediction}`), 'right'];
  const rows = confusion.map((counts, label) => {
    const total = counts.reduce((sum, count) => sum + count, 0);
    const right = total === 0 ? '' : formatShare(counts[label]! / total);
    // Zeros would hide where the mistakes are.
    return [`${label}`, ...counts.map((count) => (count === 0 ? '·' : `${count}`)), right];
  });
  const align = 'r'.repeat(header.length);
  return [
    'Samples by label (rows) and prediction (columns):',
    ...formatTable([header, ...rows], align),
  ];
}
