/**
 * Drawing in SVG, for the result card and for the page's charts. A drawing is a tree of plain objects, because the card
 * is also made in Node, which has no DOM, and the page may not parse HTML. Colours are the page's custom properties.
 */

export interface Shape {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string | number | undefined>>;
  readonly children: readonly (Shape | string)[];
}

/** An SVG element. Attributes that are undefined are left out. */
export function shape(
  tag: string,
  attributes: Shape['attributes'],
  ...children: Shape['children']
): Shape {
  return { tag, attributes, children };
}

/** One of the colours in src/page/style.css. */
export type Color = `var(--${string})`;

export interface TextStyle {
  readonly size: number;
  readonly fill: Color;
  readonly weight?: number;
  readonly anchor?: 'start' | 'middle' | 'end';
}

/** A line of text with its baseline at y. */
export function textAt(x: number, y: number, text: string, style: TextStyle): Shape {
  const { size, fill, weight, anchor } = style;
  return shape(
    'text',
    { x, y, fill, 'font-size': size, 'font-weight': weight, 'text-anchor': anchor },
    text,
  );
}

/** The path of an interval: a line between two points of one row or column, with a bar of 2 × `half` at each end. */
export function intervalPath(
  low: { readonly x: number; readonly y: number },
  high: { readonly x: number; readonly y: number },
  half: number,
): string {
  const isLevel = low.y === high.y;
  const ends = [low, high].map(({ x, y }) =>
    isLevel ? `M${x} ${y - half}V${y + half}` : `M${x - half} ${y}H${x + half}`,
  );
  return `M${low.x} ${low.y}L${high.x} ${high.y}${ends.join('')}`;
}

/** The page's colours in light mode: see src/page/style.css. */
export const cardColors = {
  paper: '#faf9f6',
  card: '#ffffff',
  line: '#e5e1da',
  ink: '#1d1b18',
  muted: '#5f5a53',
  right: '#1f6a41',
  'warn-ink': '#7c2d12',
  webgpu: '#b83a08',
  cpu: '#2454a0',
  'cpu-1': '#4773b0',
} as const;

/** The drawing as text, with the colours of light mode: programs other than browsers do not know custom properties. */
export function svgText({ tag, attributes, children }: Shape): string {
  const pairs = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}="${escapeText(inLightMode(String(value)))}"`);
  const inner = children.map((child) =>
    typeof child === 'string' ? escapeText(child) : svgText(child),
  );
  return `<${tag}${pairs.join('')}>${inner.join('')}</${tag}>`;
}

function inLightMode(value: string): string {
  const name = /^var\(--(.+)\)$/.exec(value)?.[1];
  return name === undefined ? value : cardColors[name as keyof typeof cardColors];
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Escapes text for XML, and drops the two characters that XML cannot contain. */
function escapeText(text: string): string {
  return text
    .replace(/[\ufffe\uffff]/g, '')
    .replace(/[&<>"']/g, (character) => entities[character]!);
}
