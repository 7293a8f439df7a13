/** Numbers in text: short, with a real minus, and linked with the figures by highlighting. */
import type { ComponentChildren } from 'preact';

import { highlight } from '../session.ts';

/** Three significant digits without exponents where possible: '0.0123', '−1.50', '13,002', '2.1 × 10⁻⁷'. */
export function formatNumber(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e7) {
    return minus(grouped(value));
  }
  const size = Math.abs(value);
  if (size >= 1000) return minus(grouped(Math.round(value)));
  if (size >= 100) return minus(value.toFixed(0));
  if (size >= 1e-4) return minus(value.toPrecision(3));
  const [digits = '', exponent = ''] = value.toExponential(1).split('e');
  return `${minus(digits)} × 10${superscript(Number(exponent))}`;
}

/** With its sign always shown, as for nudges: '+0.52', '−0.03'. */
export function formatSigned(value: number): string {
  return value > 0 ? `+${formatNumber(value)}` : formatNumber(value);
}

/** '93.4 %', which no line breaks. */
export function formatShare(share: number): string {
  return `${(100 * share).toFixed(1)}\u00a0%`;
}

/** '13,002'. The first call of `toLocaleString` takes 20 ms, in the task that shows the first figure. */
const grouped = (whole: number): string => String(whole).replaceAll(/\B(?=(?:\d{3})+$)/g, ',');

const minus = (text: string): string => text.replace('-', '−');

function superscript(exponent: number): string {
  return String(exponent).replaceAll(/./g, (digit) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(digit)] ?? '⁻');
}

interface LinkedProps {
  /** The key of the thing in the figures: 'output 3'. */
  readonly to: string;
  readonly children: ComponentChildren;
}

/** A part of the text that marks a thing in the figures while it is pointed at or focused, and is marked by them. */
export function Linked({ to, children }: LinkedProps) {
  const mark = () => (highlight.value = to);
  const unmark = () => (highlight.value = undefined);
  return (
    <span
      class={highlight.value === to ? 'linked is-marked' : 'linked'}
      tabIndex={0}
      onPointerEnter={mark}
      onPointerLeave={unmark}
      onFocus={mark}
      onBlur={unmark}
    >
      {children}
    </span>
  );
}
