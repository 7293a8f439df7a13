/**
 * Turns a reader's strokes into an image like those of MNIST: the digit fits into 20 × 20 pixels with its proportions,
 * and its centre of mass is in the middle of 28 × 28 pixels (LeCun, Cortes and Burges, "The MNIST database").
 */

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Points that the pen joined without leaving the paper. */
export type Stroke = readonly Point[];

const size = 28;
/** The larger side of a digit, in pixels. */
const boxSize = 20;
/** Half the width of a line, in pixels: MNIST's lines are two to three pixels wide. */
const penRadius = 1.15;
/** A dot or a short dash is not blown up more than if it were this long, as a share of the paper. */
const minExtent = 0.3;

/**
 * @param strokes in any unit
 * @param paper side of the square that was drawn on, in the same unit
 * @returns 28 × 28 bytes, all 0 without strokes
 */
export function normalizeDrawing(strokes: readonly Stroke[], paper: number): Uint8Array {
  const points = strokes.flat();
  if (points.length === 0) return new Uint8Array(size * size);
  const [left, right] = extent(points.map(({ x }) => x));
  const [top, bottom] = extent(points.map(({ y }) => y));
  const side = Math.max(right - left, bottom - top, minExtent * paper);
  const scale = (boxSize - 2 * penRadius) / side;
  const place = (dx: number, dy: number): Stroke[] =>
    strokes.map((stroke) =>
      stroke.map(({ x, y }) => ({
        x: (x - (left + right) / 2) * scale + size / 2 + dx,
        y: (y - (top + bottom) / 2) * scale + size / 2 + dy,
      })),
    );
  const centred = render(place(0, 0));
  let [mass, x, y] = [0, 0, 0];
  centred.forEach((ink, i) => {
    mass += ink;
    x += ink * ((i % size) + 0.5);
    y += ink * (Math.floor(i / size) + 0.5);
  });
  return render(place(size / 2 - x / mass, size / 2 - y / mass));
}

function extent(values: readonly number[]): [number, number] {
  return [Math.min(...values), Math.max(...values)];
}

/** Ink at each pixel's centre, fading over one pixel at the edge of a line. */
function render(strokes: readonly Stroke[]): Uint8Array {
  return Uint8Array.from({ length: size * size }, (_, i) => {
    const at = { x: (i % size) + 0.5, y: Math.floor(i / size) + 0.5 };
    const distance = Math.min(...strokes.map((stroke) => distanceToStroke(at, stroke)));
    return Math.round(255 * Math.min(1, Math.max(0, penRadius + 0.5 - distance)));
  });
}

function distanceToStroke(at: Point, stroke: Stroke): number {
  if (stroke.length === 1) return Math.hypot(at.x - stroke[0]!.x, at.y - stroke[0]!.y);
  let least = Infinity;
  for (let n = 1; n < stroke.length; n++) {
    least = Math.min(least, distanceToSegment(at, stroke[n - 1]!, stroke[n]!));
  }
  return least;
}

function distanceToSegment(at: Point, from: Point, to: Point): number {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : ((at.x - from.x) * dx + (at.y - from.y) * dy) / length;
  const share = Math.min(1, Math.max(0, along));
  return Math.hypot(at.x - from.x - share * dx, at.y - from.y - share * dy);
}
