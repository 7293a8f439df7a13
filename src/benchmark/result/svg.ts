/** What the picture card is made of. */

/** The page's own colours, by day: see src/page/style.css. */
export const cardColors = {
  background: '#faf9f6',
  panel: '#ffffff',
  line: '#e5e1da',
  text: '#1d1b18',
  faint: '#5f5a53',
  good: '#1f6a41',
  bad: '#7c2d12',
  webgpu: '#b83a08',
  cpu: '#2454a0',
  'cpu-1': '#4773b0',
} as const;

export interface TextStyle {
  readonly size: number;
  readonly fill: string;
  readonly weight?: number;
  readonly anchor?: 'start' | 'end';
}

/** A line of text, its baseline at y. */
export function textAt(x: number, y: number, text: string, style: TextStyle): string {
  const { size, fill, weight, anchor } = style;
  const set = attributes({
    x,
    y,
    fill,
    'font-size': size,
    'font-weight': weight,
    'text-anchor': anchor,
  });
  return `<text ${set}>${escapeText(text)}</text>`;
}

/** 'x="1" y="2"', without those that are undefined. */
export function attributes(values: Readonly<Record<string, string | number | undefined>>): string {
  return Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}="${escapeText(String(value))}"`)
    .join(' ');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Text that XML takes for text, without the two characters that it cannot have and no control code is. */
export function escapeText(text: string): string {
  return text
    .replace(/[\ufffe\uffff]/g, '')
    .replace(/[&<>"']/g, (character) => entities[character]!);
}
