/** A number on the page that others can find: its name, and its value in full beside the short form. */
import { formatNumber } from './numbers.tsx';

interface ValueProps {
  /** Unique on the page: 'cost-mean'. */
  readonly name: string;
  readonly value: number;
  readonly format?: (value: number) => string;
}

export function Value({ name, value, format = formatNumber }: ValueProps) {
  return (
    <data id={name} value={value}>
      {format(value)}
    </data>
  );
}
