/** Lines of equal value on a grid, for maps. */

/** Values at the corners of a grid, [rows, columns]. NaN is unknown. */
export interface ValueGrid {
  readonly columns: number;
  readonly rows: number;
  readonly values: ArrayLike<number>;
}

/** From (x0, y0) to (x1, y1), in columns and rows. */
export type Segment = readonly [x0: number, y0: number, x1: number, y1: number];

/** The value between the corners. Outside of the grid it is that of the border. */
export function valueAt({ columns, rows, values }: ValueGrid, x: number, y: number): number {
  const column = Math.min(columns - 2, Math.max(0, Math.floor(x)));
  const row = Math.min(rows - 2, Math.max(0, Math.floor(y)));
  const [u, v] = [clamp(x - column), clamp(y - row)];
  const at = (right: number, down: number) => values[(row + down) * columns + column + right]!;
  const upper = at(0, 0) * (1 - u) + at(1, 0) * u;
  const lower = at(0, 1) * (1 - u) + at(1, 1) * u;
  return upper * (1 - v) + lower * v;
}

/** The line where the values pass a level: in each triangle of the grid it is straight. */
export function contour({ columns, rows, values }: ValueGrid, level: number): Segment[] {
  const segments: Segment[] = [];
  const cross = (corners: readonly (readonly [x: number, y: number])[]): void => {
    const heights = corners.map(([x, y]) => values[y * columns + x]! - level);
    if (heights.some(Number.isNaN)) return;
    const points: [number, number][] = [];
    corners.forEach(([x, y], n) => {
      const [next, height] = [corners[(n + 1) % 3]!, heights[n]!];
      const other = heights[(n + 1) % 3]!;
      if (height >= 0 === other >= 0) return;
      const part = height / (height - other);
      points.push([x + part * (next[0] - x), y + part * (next[1] - y)]);
    });
    if (points.length === 2) segments.push([...points[0]!, ...points[1]!]);
  };
  for (let y = 0; y < rows - 1; y++) {
    for (let x = 0; x < columns - 1; x++) {
      cross([
        [x, y],
        [x + 1, y],
        [x, y + 1],
      ]);
      cross([
        [x + 1, y],
        [x + 1, y + 1],
        [x, y + 1],
      ]);
    }
  }
  return segments;
}

const clamp = (value: number): number => Math.min(1, Math.max(0, value));
