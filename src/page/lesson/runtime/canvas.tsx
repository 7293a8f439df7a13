/** A canvas that is sharp on every screen, follows its width and the reader's colours, and draws when a signal changes. */
import { effect, signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

import { watchWidth } from './size.ts';

/** The colours of the lesson as CSS gives them, so that canvases and text agree. */
export interface Colours {
  readonly card: string;
  readonly ink: string;
  readonly muted: string;
  readonly line: string;
  /** Weights above 0, and below. */
  readonly positive: string;
  readonly negative: string;
  readonly nudge: string;
}

const names = ['card', 'ink', 'muted', 'line', 'positive', 'negative', 'nudge'] as const;

/** As numbers: a system colour has the same name in every theme, and a canvas keeps what it was. */
function readColours(): Colours {
  const probe = document.body.appendChild(document.createElement('span'));
  probe.style.setProperty('forced-color-adjust', 'none');
  const read = (name: string) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const found = Object.fromEntries(names.map((name) => [name, read(name)]));
  probe.remove();
  return found as unknown as Colours;
}

/** Changes with the reader's theme. */
export const colours = signal<Colours>(readColours());

for (const query of ['(prefers-color-scheme: dark)', '(forced-colors: active)']) {
  matchMedia(query).addEventListener('change', () => (colours.value = readColours()));
}

export interface Area {
  readonly context: CanvasRenderingContext2D;
  /** In CSS pixels. */
  readonly width: number;
  readonly height: number;
  readonly colours: Colours;
}

interface CanvasProps {
  /** In CSS pixels, for a width. */
  readonly height: (width: number) => number;
  /** Draws on an empty canvas. It runs again when a signal that it reads changes. */
  readonly draw: (area: Area) => void;
  /** If false, nothing is drawn, as the canvas is out of view. */
  readonly isShown: { readonly value: boolean };
}

export function Canvas({ height, draw, isShown }: CanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const drawing = useRef(draw);
  drawing.current = draw;
  useEffect(() => {
    const element = canvas.current!;
    const width = signal(0);
    const stopMeasuring = watchWidth(element, (now) => (width.value = now));
    const stop = paint(() => {
      if (width.value === 0) return;
      const scale = devicePixelRatio;
      const [w, h] = [width.value, height(width.value)];
      // Before it is drawn, too, so that the page does not jump.
      element.style.height = `${h}px`;
      if (!isShown.value) return;
      element.width = Math.round(w * scale);
      element.height = Math.round(h * scale);
      const context = element.getContext('2d')!;
      context.scale(scale, scale);
      drawing.current({ context, width: w, height: h, colours: colours.value });
    });
    return () => {
      stop();
      stopMeasuring();
    };
  }, []);
  // The picture around it has a label and a table.
  return <canvas ref={canvas} aria-hidden="true" />;
}

/**
 * Runs `draw` at once, and before the next repaint after a signal that it read has changed: once, however many have, and
 * not in the task that changed them, which would block the page for longer.
 * @returns ends it
 */
function paint(draw: () => void): () => void {
  let stop: () => void;
  let next: number | undefined;
  const run = () => {
    let isDrawn = false;
    stop = effect(() => {
      if (isDrawn) {
        next = requestAnimationFrame(() => {
          stop();
          run();
        });
      } else {
        isDrawn = true;
        draw();
      }
    });
  };
  run();
  return () => {
    if (next !== undefined) cancelAnimationFrame(next);
    stop();
  };
}

/** Draws text over lines: its halo keeps them apart from it. */
export function drawLabel(
  { context, colours: { card } }: Pick<Area, 'context' | 'colours'>,
  ...place: readonly [text: string, x: number, y: number]
): void {
  context.strokeStyle = card;
  context.lineWidth = 8;
  context.lineJoin = 'round';
  context.strokeText(...place);
  context.fillText(...place);
}

type Square = readonly [left: number, top: number, size: number];

const side = 28;
let pixels: CanvasRenderingContext2D | undefined;

/**
 * Draws 28 × 28 pixels of a colour with these opacities. As one picture, because 784 rectangles take a browser without a
 * GPU longer than everything else in a figure.
 */
export function drawPixels(
  { context }: Pick<Area, 'context'>,
  colour: string,
  opacity: (index: number) => number,
  [left, top, size]: Square,
): void {
  if (!pixels) {
    const { canvas } = (pixels = document.createElement('canvas').getContext('2d')!);
    canvas.width = canvas.height = side;
    pixels.globalCompositeOperation = 'source-in';
  }
  const image = pixels.createImageData(side, side);
  for (let i = 0; i < side * side; i++) image.data[4 * i + 3] = 255 * opacity(i);
  pixels.putImageData(image, 0, 0);
  // Where the image is opaque, since the canvas knows colours only as CSS.
  pixels.fillStyle = colour;
  pixels.fillRect(0, 0, side, side);
  context.imageSmoothingEnabled = false;
  context.drawImage(pixels.canvas, left, top, size, size);
}

/** Draws 28 × 28 values from 0 to 1 as a square of pixels. */
export function drawDigit(
  area: Pick<Area, 'context' | 'colours'>,
  values: (index: number) => number,
  square: Square,
): void {
  const { context, colours } = area;
  const [left, top, size] = square;
  drawPixels(area, colours.ink, values, square);
  context.strokeStyle = colours.line;
  context.strokeRect(left - 0.5, top - 0.5, size + 1, size + 1);
}
