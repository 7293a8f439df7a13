/** Nudges: in a picture a gold arrow, up for more and down for less, as long as the nudge is large; in text ▲ or ▼. */
import type { ComponentChildren } from 'preact';

import './arrow.css';
import { arrowPath } from './arrowPath.ts';
import { formatSigned } from './numbers.tsx';

interface ArrowProps {
  /** Where it starts. */
  readonly x: number;
  readonly y: number;
  /** In pixels: above 0 it points up, below 0 down. */
  readonly length: number;
  /** Of the shaft. */
  readonly thickness?: number;
  /** Colours it by its class instead of as a nudge. */
  readonly class?: string;
}

/** For use in an SVG. */
export function Arrow({ x, y, length, thickness = 3, class: name = 'arrow' }: ArrowProps) {
  return (
    <path
      class={name}
      transform={`translate(${x.toFixed(1)} ${y.toFixed(1)})`}
      d={arrowPath(length, thickness)}
    />
  );
}

interface NudgeProps {
  readonly value: number;
  /** What it belongs to, for tests: 'neuron 3.2'. */
  readonly of?: string;
  /** In place of the value with its sign. */
  readonly children?: ComponentChildren;
}

/** A nudge in text: '▲ +0.52'. */
export function Nudge({ value, of, children }: NudgeProps) {
  return (
    <span class="nudge" data-value={value} data-nudge={of}>
      <span class="nudge-sign" aria-hidden="true">
        {value > 0 ? '▲' : value < 0 ? '▼' : '–'}
      </span>{' '}
      {children ?? formatSigned(value)}
    </span>
  );
}

/** A nudge with three decimals, for a narrow place whose table has more digits: '+0.052'. */
export const briefNudge = (nudge: number): string =>
  `${nudge > 0 ? '+' : nudge < 0 ? '−' : ''}${Math.abs(nudge).toFixed(3)}`;

/** An activation as the lesson draws it: a neuron filled with ink. */
export function Dot({ value, size = 16 }: { readonly value: number; readonly size?: number }) {
  return (
    <svg class="dot" width={size} height={size} viewBox="-8 -8 16 16" aria-hidden="true">
      <Neuron x={0} y={0} radius={7} value={value} />
    </svg>
  );
}

/** From 0 to 1. */
export const inkOf = (activation: number): number => Math.min(1, Math.max(0, activation));

/** A neuron in an SVG. */
export function Neuron({ x, y, radius, value }: NeuronProps) {
  return (
    <>
      <circle class="dot-paper" cx={x} cy={y} r={radius} />
      <circle class="dot-ink" cx={x} cy={y} r={radius} style={{ opacity: inkOf(value) }} />
      <circle class="dot-edge" cx={x} cy={y} r={radius} />
    </>
  );
}

interface NeuronProps {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  /** The activation. */
  readonly value: number;
}

/** A weight as the lesson draws it: a solid blue or a dashed orange line, as wide as the weight is large. */
export function WeightLine({
  value,
  largest,
}: {
  readonly value: number;
  readonly largest: number;
}) {
  const width = largest > 0 ? Math.max(0.6, (5 * Math.abs(value)) / largest) : 0.6;
  return (
    <svg class="weight-line" height={10} aria-hidden="true">
      <line
        class={value > 0 ? 'weight-positive' : 'weight-negative'}
        x1="0"
        x2="100%"
        y1={5}
        y2={5}
        stroke-width={width}
      />
    </svg>
  );
}
