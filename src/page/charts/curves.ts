/**
 * Cost and accuracy by steps. All backends make the same steps, so their curves should coincide: the CPU's line is wide
 * and the GPU's is thin and on top, which keeps both visible.
 */
import { alignCurves } from '../../benchmark/result/alignCurves.ts';
import type { BackendName, CurvePoint } from '../../benchmark/result/schema.ts';
import { backendName } from '../backendNames.ts';
import { make } from '../elements.ts';
import { formatCost, formatCount, formatPercent, formatPrefixed } from '../format.ts';
import { mountDrawing } from './figure.ts';
import { drawChart, type Axis } from './lineChart.ts';

export type Curves = ReadonlyMap<BackendName, readonly CurvePoint[]>;

interface Quantity {
  readonly name: 'cost' | 'accuracy';
  readonly title: string;
  readonly axis: Axis;
  readonly format: (value: number) => string;
}

const quantities: readonly Quantity[] = [
  { name: 'cost', title: 'Cost', axis: { label: 'cost', format: String }, format: formatCost },
  {
    name: 'accuracy',
    title: 'Accuracy',
    axis: { label: 'share', range: [0, 1], format: (share) => `${Math.round(share * 100)}\u00a0%` },
    format: formatPercent,
  },
];

/** nudge's lines in the order in which they are drawn. Other libraries have a thin dashed line. */
const widths: Partial<Record<BackendName, number>> = { 'cpu-1': 9, cpu: 5, webgpu: 2.5 };

/** @returns the two charts, and a function that shows other curves in them */
export function makeCurves(
  isSoftware: boolean,
  height = 200,
): { readonly element: HTMLElement; readonly show: (curves: Curves) => void } {
  let shown: Curves = new Map();
  const charts = quantities.map((quantity) => {
    const place = make('div.chart', { role: 'img' });
    const redraw = mountDrawing(place, height, (width) =>
      drawCurves(quantity, shown, width, height),
    );
    const figure = make('figure', make('figcaption', quantity.title), place);
    const show = () => {
      place.setAttribute('aria-label', describe(quantity, shown, isSoftware));
      redraw();
    };
    show();
    return { figure, show };
  });
  return {
    element: make('div.pair', ...charts.map(({ figure }) => figure)),
    show: (curves) => {
      shown = alignCurves(curves);
      for (const { show } of charts) show();
    },
  };
}

function drawCurves({ name, axis }: Quantity, curves: Curves, width: number, height: number) {
  const lines = [...curves].map(
    ([backend, curve]) =>
      ({
        color: `var(--${backend})`,
        width: widths[backend] ?? 2,
        isDashed: widths[backend] === undefined,
        points: curve.map((point) => ({ x: point.step, y: point[name] })),
      }) as const,
  );
  // The wide lines first, so that the thin ones are on top.
  lines.sort((a, b) => b.width - a.width);
  // The backends make very different numbers of steps in the same time.
  const steps: Axis = { label: 'steps', isLogarithmic: true, format: formatPrefixed };
  return drawChart({ x: steps, y: axis, lines }, width, height);
}

function describe({ name, format }: Quantity, curves: Curves, isSoftware: boolean): string {
  const last = [...curves].flatMap(([backend, curve]) => {
    const point = curve.at(-1);
    if (!point) return [];
    const value = format(point[name]);
    return [`${backendName(backend, isSoftware)} ${value} after ${formatCount(point.step)} steps`];
  });
  return `Curves of ${name} against steps: ${last.length > 0 ? last.join(', ') : 'empty so far'}.`;
}
