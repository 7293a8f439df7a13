/**
 * Draws a polyline as a 28×28 image of bytes, normalised as MNIST's images are (LeCun, Bottou, Bengio
 * and Haffner, 1998). The ink is scaled, keeping its aspect ratio, until its longer side fills a 20×20
 * box, and drawn there with anti-aliased edges. The box is then placed by whole pixels so that the
 * ink's centre of mass is at the middle of the image. Measured on MNIST: the mean pixel coordinates of
 * every image lie between 13.5 and 14.5.
 *
 * The pen is round. A pixel's byte depends on the distance from its centre to the nearest segment. Only
 * the pixels near a segment are computed, so a sample costs microseconds.
 */

export const imageSize = 28;
const boxSize = 20;

/** Width in pixels over which an edge goes from ink to paper. MNIST's edges are about this soft. */
const edgeSoftness = 1.1;

/** Larger than the square of any distance in the box. */
const farAway = 1e6;

/** Scales the segments so that the ink drawn with a pen of `radius` pixels just fits the box. */
function fitIntoBox(segments: Float64Array, count: number, radius: number): void {
  let left = Infinity;
  let right = -Infinity;
  let top = Infinity;
  let bottom = -Infinity;
  for (let i = 0; i < 4 * count; i += 2) {
    const x = segments[i]!;
    const y = segments[i + 1]!;
    if (x < left) left = x;
    if (x > right) right = x;
    if (y < top) top = y;
    if (y > bottom) bottom = y;
  }
  const scale = (boxSize - 2 * radius) / Math.max(right - left, bottom - top);
  const offsetX = boxSize / 2 - (scale * (left + right)) / 2;
  const offsetY = boxSize / 2 - (scale * (top + bottom)) / 2;
  for (let i = 0; i < 4 * count; i += 2) {
    segments[i] = segments[i]! * scale + offsetX;
    segments[i + 1] = segments[i + 1]! * scale + offsetY;
  }
}

/** Lowers the squared distances of the pixels within `reach` of one segment. */
function approach(
  squares: Float64Array,
  ax: number,
  ay: number,
  bx: number,
  by: number,
  reach: number,
): void {
  const dx = bx - ax;
  const dy = by - ay;
  const lengthSquared = dx * dx + dy * dy;
  const perLength = lengthSquared > 0 ? 1 / lengthSquared : 0;
  // Pixel (i, j) has its centre at (i + ½, j + ½).
  const firstX = Math.max(0, Math.floor((ax < bx ? ax : bx) - reach));
  const lastX = Math.min(boxSize - 1, Math.floor((ax < bx ? bx : ax) + reach));
  const firstY = Math.max(0, Math.floor((ay < by ? ay : by) - reach));
  const lastY = Math.min(boxSize - 1, Math.floor((ay < by ? by : ay) + reach));
  for (let j = firstY; j <= lastY; j++) {
    const py = j + 0.5 - ay;
    for (let i = firstX; i <= lastX; i++) {
      const px = i + 0.5 - ax;
      let t = (px * dx + py * dy) * perLength;
      t = t < 0 ? 0 : t > 1 ? 1 : t;
      const ex = px - t * dx;
      const ey = py - t * dy;
      const square = ex * ex + ey * ey;
      const pixel = j * boxSize + i;
      if (square < squares[pixel]!) squares[pixel] = square;
    }
  }
}

/** Draws images and reuses its work arrays from one image to the next. */
export class Renderer {
  readonly #squares = new Float64Array(boxSize * boxSize);
  readonly #box = new Uint8Array(boxSize * boxSize);

  /**
   * @param segments [segmentCount, 4], in any unit; scaled to the box in place
   * @param radius radius of the pen, in pixels of the finished image
   * @param image receives 28×28 bytes, row by row, 255 is ink
   */
  render(segments: Float64Array, segmentCount: number, radius: number, image: Uint8Array): void {
    fitIntoBox(segments, segmentCount, radius);
    const squares = this.#squares.fill(farAway);
    const reach = radius + edgeSoftness / 2 + 0.5;
    for (let i = 0; i < 4 * segmentCount; i += 4) {
      approach(squares, segments[i]!, segments[i + 1]!, segments[i + 2]!, segments[i + 3]!, reach);
    }

    const box = this.#box;
    const outer = radius + edgeSoftness / 2;
    const outerSquare = outer * outer;
    let mass = 0;
    let massX = 0;
    let massY = 0;
    for (let j = 0, pixel = 0; j < boxSize; j++) {
      let rowMass = 0;
      for (let i = 0; i < boxSize; i++, pixel++) {
        const square = squares[pixel]!;
        let byte = 0;
        if (square < outerSquare) {
          const ink = ((outer - Math.sqrt(square)) * 255) / edgeSoftness;
          byte = ink >= 255 ? 255 : (ink + 0.5) | 0;
        }
        box[pixel] = byte;
        rowMass += byte;
        massX += byte * i;
      }
      mass += rowMass;
      massY += rowMass * j;
    }

    const shiftX = centring(massX / mass);
    const shiftY = centring(massY / mass);
    image.fill(0);
    for (let j = 0, pixel = 0; j < boxSize; j++) {
      const row = (j + shiftY) * imageSize + shiftX;
      for (let i = 0; i < boxSize; i++, pixel++) image[row + i] = box[pixel]!;
    }
  }
}

/**
 * The number of pixels to shift the box so that this coordinate of its centre of mass is at the middle,
 * with the box inside the image. Halfway between two pixels, the lower one is taken, as in MNIST.
 */
function centring(centre: number): number {
  const shift = Math.ceil(imageSize / 2 - centre - 0.5);
  return Math.min(imageSize - boxSize, Math.max(0, shift));
}
