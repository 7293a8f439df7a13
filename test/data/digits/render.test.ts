import { describe, expect, it } from 'vitest';
import { Renderer } from '../../../src/data/digits/render.ts';
import { Random, streams } from '../../../src/network/random.ts';

function render(segments: number[][], radius: number): Uint8Array {
  const image = new Uint8Array(28 * 28).fill(99);
  new Renderer().render(Float64Array.from(segments.flat()), segments.length, radius, image);
  return image;
}

/** The bytes of a row or a column of the image. */
const row = (image: Uint8Array, y: number): number[] => [...image.subarray(28 * y, 28 * y + 28)];
const column = (image: Uint8Array, x: number): number[] =>
  Array.from({ length: 28 }, (_, y) => image[28 * y + x]!);

/**
 * The 20×20 box by brute force: the segments are dotted densely, scaled so that dots of the pen's
 * radius fit the box, and each pixel's ink falls from 1 to 0 over 1.1 pixels about that radius.
 */
function slowBox(segments: number[][], radius: number): number[] {
  const dots = segments.flatMap(([ax, ay, bx, by]) =>
    Array.from({ length: 401 }, (_, i) => [
      ax! + ((bx! - ax!) * i) / 400,
      ay! + ((by! - ay!) * i) / 400,
    ]),
  );
  const range = (axis: number): number[] => {
    const values = dots.map((dot) => dot[axis]!);
    return [Math.min(...values), Math.max(...values)];
  };
  const [left, right] = range(0) as [number, number];
  const [top, bottom] = range(1) as [number, number];
  const scale = (20 - 2 * radius) / Math.max(right - left, bottom - top);
  return Array.from({ length: 400 }, (_, pixel) => {
    const x = (pixel % 20) + 0.5;
    const y = Math.floor(pixel / 20) + 0.5;
    const distance = Math.min(
      ...dots.map(([dx, dy]) =>
        Math.hypot(
          10 + scale * (dx! - (left + right) / 2) - x,
          10 + scale * (dy! - (top + bottom) / 2) - y,
        ),
      ),
    );
    return 255 * Math.min(1, Math.max(0, (radius - distance) / 1.1 + 0.5));
  });
}

describe('Renderer', () => {
  it('draws an upright line twenty pixels high and as wide as the pen, in the middle of the image', () => {
    const image = render([[5, 0, 5, 300]], 1.5);
    // The middle lies between two pixels. Their centres are ½ pixel from the line, where there is only
    // ink, and their neighbours' 1½, the radius, where an edge is half ink.
    const bytes = row(image, 14);
    expect(bytes.flatMap((byte, x) => (byte > 0 ? [x] : []))).toEqual([12, 13, 14, 15]);
    expect([bytes[13], bytes[14]]).toEqual([255, 255]);
    expect(Math.abs(bytes[12]! - 127.5)).toBeLessThanOrEqual(0.5);
    expect(bytes[15]).toBe(bytes[12]);
    const height = column(image, 14);
    expect(height.filter((byte) => byte > 0)).toHaveLength(20);
    expect(height.slice(0, 4)).toEqual([0, 0, 0, 0]);
    expect(height.slice(5, 23)).toEqual(new Array(18).fill(255));
  });

  it('keeps the aspect ratio and makes the longer side twenty pixels, whatever the unit', () => {
    const wide = [
      [0, 0, 40, 0],
      [40, 0, 40, 10],
    ];
    const image = render(wide, 1);
    const rows = Array.from({ length: 28 }, (_, y) => row(image, y)).filter((bytes) =>
      bytes.some((byte) => byte > 0),
    );
    const columns = Array.from({ length: 28 }, (_, x) => column(image, x)).filter((bytes) =>
      bytes.some((byte) => byte > 0),
    );
    expect(columns).toHaveLength(20);
    // 18 pixels from the pen's middle to its middle across, so 4½ down, and the pen on both sides.
    expect(rows.length).toBeGreaterThanOrEqual(6);
    expect(rows.length).toBeLessThanOrEqual(8);
    // By a power of two, so that no rounding differs.
    const larger = wide.map((segment) => segment.map((value) => 64 * value));
    expect(render(larger, 1)).toEqual(image);
  });

  it('agrees with brute force on random lines, up to the rounding of a byte', () => {
    for (let index = 0; index < 20; index++) {
      const random = new Random(1, streams.digits, index);
      const radius = 0.7 + 2 * random.uniform();
      const segments = Array.from({ length: 4 }, () =>
        Array.from({ length: 4 }, () => 100 * random.uniform()),
      );
      const image = render(segments, radius);
      const expected = slowBox(segments, radius);
      const differences: number[] = [];
      for (let shiftY = 0; shiftY <= 8; shiftY++) {
        for (let shiftX = 0; shiftX <= 8; shiftX++) {
          let worst = 0;
          expected.forEach((byte, pixel) => {
            const x = (pixel % 20) + shiftX;
            const y = Math.floor(pixel / 20) + shiftY;
            worst = Math.max(worst, Math.abs(image[28 * y + x]! - byte));
          });
          differences.push(worst);
        }
      }
      // Somewhere in the image lies the box, and nothing lies beside it.
      expect(Math.min(...differences)).toBeLessThan(1);
      const ink = (bytes: Iterable<number>): number =>
        [...bytes].reduce((sum, byte) => sum + byte, 0);
      expect(Math.abs(ink(image) - ink(expected))).toBeLessThan(200);
    }
  });

  it('moves lopsided ink so that its centre of mass is in the middle', () => {
    // A tee: most of its ink is at the top, so the box moves down.
    const image = render(
      [
        [0, 0, 60, 0],
        [30, 0, 30, 100],
      ],
      1.2,
    );
    const firstInk = Array.from({ length: 28 }, (_, y) =>
      row(image, y).some((byte) => byte > 0),
    ).indexOf(true);
    expect(firstInk).toBeGreaterThan(4);
    let mass = 0;
    let massY = 0;
    image.forEach((byte, pixel) => {
      mass += byte;
      massY += byte * Math.floor(pixel / 28);
    });
    expect(Math.abs(massY / mass - 14)).toBeLessThanOrEqual(0.5);
  });

  it('leaves nothing of the image before', () => {
    const renderer = new Renderer();
    const image = new Uint8Array(784);
    const line = (): Float64Array => Float64Array.of(0, 0, 10, 100);
    renderer.render(Float64Array.of(0, 0, 100, 100), 1, 4, image);
    renderer.render(line(), 1, 1, image);
    const fresh = new Uint8Array(784);
    new Renderer().render(line(), 1, 1, fresh);
    expect(image).toEqual(fresh);
  });
});
