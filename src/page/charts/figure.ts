/** What all charts share: a card with heading and legend, and a drawing that follows the width of its place. */
import type { Shape } from '../../benchmark/result/svg.ts';
import { make, makeDetails } from '../elements.ts';

export interface FigureOptions {
  /** For style sheets and tests. */
  readonly name: string;
  readonly title: string;
  /** What it shows, in a sentence or two. */
  readonly caption: string;
  readonly key?: HTMLElement;
  /** The chart in words, for screen readers. */
  readonly description: string;
  /** The same numbers as a table. */
  readonly table?: HTMLElement;
  readonly isWide?: boolean;
  /** In pixels. */
  readonly height: number;
  readonly draw: (width: number) => Shape;
}

export function makeFigure(options: FigureOptions): HTMLElement {
  const { name, title, caption, key, description, table, isWide = false, height, draw } = options;
  const place = make('div.chart', { role: 'img', 'aria-label': description });
  mountDrawing(place, height, draw);
  return make(
    isWide ? 'figure.card.wide' : 'figure.card',
    { 'data-chart': name },
    make('figcaption', make('h3', title), make('p.small', caption), key),
    place,
    table && makeDetails('As a table', table),
  );
}

/**
 * Draws into `place`, and again whenever its width changes. CSS colours the drawing.
 * @param height in pixels
 * @returns draws again, for other data
 */
export function mountDrawing(
  place: HTMLElement,
  height: number,
  draw: (width: number) => Shape,
): () => void {
  // A fixed height keeps a new drawing from changing the size that is observed.
  place.style.height = `${height}px`;
  const redraw = () => {
    const { clientWidth } = place;
    if (clientWidth > 0) place.replaceChildren(toElement(draw(clientWidth)));
  };
  new ResizeObserver(redraw).observe(place);
  return redraw;
}

function toElement({ tag, attributes, children }: Shape): SVGElement {
  const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) made.setAttribute(name, String(value));
  }
  made.append(...children.map((child) => (typeof child === 'string' ? child : toElement(child))));
  return made;
}
