/** What stands around a chart: its heading, what to see in it, its key, and its figures as a table. */
import { make } from '../elements.ts';

export interface FigureOptions {
  readonly title: string;
  /** What it shows, in a sentence or two. */
  readonly caption: string;
  readonly key?: readonly (readonly [flag: Node, name: string])[];
  /** What somebody hears who cannot see it. */
  readonly description: string;
  /** The same figures. */
  readonly table: HTMLElement;
  readonly isWide?: boolean;
}

/** @returns the figure, and the place in it where the chart is to be drawn */
export function makeFigure(options: FigureOptions): {
  readonly figure: HTMLElement;
  readonly place: HTMLElement;
} {
  const { title, caption, key = [], description, table, isWide = false } = options;
  const place = make('div', { role: 'img', 'aria-label': description });
  const keys = key.map(([flag, name]) => make('li', {}, flag, name));
  const figure = make(
    'figure',
    { class: isWide ? 'card wide' : 'card' },
    make(
      'figcaption',
      {},
      make('h3', {}, title),
      make('p', { class: 'small' }, caption),
      ...(keys.length > 0 ? [make('ul', { class: 'keys small' }, ...keys)] : []),
    ),
    place,
    make('details', { class: 'figures small' }, make('summary', {}, 'As a table'), table),
  );
  return { figure, place };
}
