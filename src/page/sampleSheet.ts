/** Three samples of each digit on a small canvas, so that one sees what is learned. */
import type { DataDescription } from './worker/protocol.ts';

const columns = 10;
const rows = 3;
const size = 28;

/** Draws the first three samples of each label, 0 to 9 from left to right, in the canvas's text colour. */
export function drawSamples(
  canvas: HTMLCanvasElement,
  { features, labels }: DataDescription['preview'],
): void {
  canvas.width = columns * size;
  canvas.height = rows * size;
  const context = canvas.getContext('2d');
  if (context === null) return; // A picture less; the training does not need it.
  const drawn = Array<number>(columns).fill(0);
  for (let n = 0; n < labels.length && drawn.some((count) => count < rows); n++) {
    const column = labels[n]!;
    const row = drawn[column];
    if (row === undefined || row >= rows) continue;
    drawn[column] = row + 1;
    const image = context.createImageData(size, size);
    for (let pixel = 0; pixel < size * size; pixel++) {
      image.data[pixel * 4 + 3] = features[n * size * size + pixel]!;
    }
    context.putImageData(image, column * size, row * size);
  }
  // So far there is opacity alone, which the colour now fills.
  context.globalCompositeOperation = 'source-in';
  context.fillStyle = getComputedStyle(canvas).color;
  context.fillRect(0, 0, canvas.width, canvas.height);
}
