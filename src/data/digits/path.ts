/**
 * A pen's path: parses its text into points and turns the points into a polyline.
 *
 * Between corners the pen follows a Catmull–Rom spline. It passes through every point in the direction
 * from the previous point to the next. At an end or a corner it takes the direction of the parabola
 * through the nearest three points, so that a curve stays curved to its end.
 */

/** A path as numbers. A run is a smooth part of the path, from one end or corner to the next. */
export interface Path {
  /** [pointCount, 2]: x and y of each point. */
  readonly points: Float64Array;
  /** [runCount, 2]: the first and the last point of each run. A corner ends one run and begins the next. */
  readonly runs: Uint8Array;
}

/** Straight pieces between two neighbouring points. Most are shorter than two pixels in a finished image. */
const piecesPerSpan = 3;

/** Parses a path such as `'0,0 10,50! 40,50 / 30,20 30,100'`. `templates/template.ts` explains the notation. */
export function parsePath(text: string): Path {
  const points: number[] = [];
  const runs: number[] = [];
  for (const stroke of text.split(' / ')) {
    let first = points.length / 2;
    for (const word of stroke.split(' ')) {
      const isCorner = word.endsWith('!');
      const [x, y] = (isCorner ? word.slice(0, -1) : word).split(',');
      points.push(Number(x), Number(y));
      if (isCorner) {
        const corner = points.length / 2 - 1;
        runs.push(first, corner);
        first = corner;
      }
    }
    runs.push(first, points.length / 2 - 1);
  }
  return { points: Float64Array.from(points), runs: Uint8Array.from(runs) };
}

/** Number of segments that {@link flatten} makes of a path with these runs. */
export function segmentCount(runs: Uint8Array): number {
  let spans = 0;
  for (let run = 0; run < runs.length; run += 2) spans += runs[run + 1]! - runs[run]!;
  return spans * piecesPerSpan;
}

/** Change per span of one coordinate (0 = x, 1 = y) at `point` of the run from `first` to `last`. */
function slope(
  points: Float64Array,
  first: number,
  last: number,
  point: number,
  coordinate: number,
): number {
  const i = 2 * point + coordinate;
  if (last - first === 1) return points[2 * last + coordinate]! - points[2 * first + coordinate]!;
  if (point === first) return (4 * points[i + 2]! - 3 * points[i]! - points[i + 4]!) / 2;
  if (point === last) return (3 * points[i]! - 4 * points[i - 2]! + points[i - 4]!) / 2;
  return (points[i + 2]! - points[i - 2]!) / 2;
}

/** Value at t in [0, 1] of the cubic from `a` with slope `slopeA` to `b` with slope `slopeB`. */
function hermite(a: number, b: number, slopeA: number, slopeB: number, t: number): number {
  const cubic = 2 * (a - b) + slopeA + slopeB;
  const square = 3 * (b - a) - 2 * slopeA - slopeB;
  return ((cubic * t + square) * t + slopeA) * t + a;
}

/**
 * Turns a path into the separate segments of a polyline.
 * @param points [pointCount, 2]
 * @param runs as in {@link Path}
 * @param segments receives [{@link segmentCount}, 4]: x and y of each start, x and y of each end
 */
export function flatten(points: Float64Array, runs: Uint8Array, segments: Float64Array): void {
  let next = 0;
  for (let run = 0; run < runs.length; run += 2) {
    const first = runs[run]!;
    const last = runs[run + 1]!;
    for (let point = first; point < last; point++) {
      const ax = points[2 * point]!;
      const ay = points[2 * point + 1]!;
      const bx = points[2 * point + 2]!;
      const by = points[2 * point + 3]!;
      const slopeAx = slope(points, first, last, point, 0);
      const slopeAy = slope(points, first, last, point, 1);
      const slopeBx = slope(points, first, last, point + 1, 0);
      const slopeBy = slope(points, first, last, point + 1, 1);
      let x = ax;
      let y = ay;
      for (let piece = 1; piece <= piecesPerSpan; piece++) {
        const t = piece / piecesPerSpan;
        segments[next++] = x;
        segments[next++] = y;
        x = hermite(ax, bx, slopeAx, slopeBx, t);
        y = hermite(ay, by, slopeAy, slopeBy, t);
        segments[next++] = x;
        segments[next++] = y;
      }
    }
  }
}
