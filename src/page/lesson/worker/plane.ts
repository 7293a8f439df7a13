/** A plane through three points of a space with many dimensions, and where points lie on it. */

export interface Plane {
  readonly origin: Float32Array;
  /** Directions of length 1, at a right angle to each other. */
  readonly x: Float64Array;
  readonly y: Float64Array;
}

export interface PlacedPoint {
  readonly x: number;
  readonly y: number;
  /** Distance from the plane's origin through the whole space. */
  readonly distance: number;
}

/**
 * The plane that holds three points. `x` points from the first to the second, and the third has a positive y. If they
 * lie on a line, y is 0 in all dimensions.
 */
export function planeThrough(origin: Float32Array, b: Float32Array, c: Float32Array): Plane {
  const x = normalized(difference(b, origin));
  const y = difference(c, origin);
  // Twice, since rounding leaves a little of x in the first difference.
  for (let times = 0; times < 2; times++) {
    const along = dot(y, x);
    for (let i = 0; i < y.length; i++) y[i]! -= along * x[i]!;
  }
  return { origin, x, y: normalized(y) };
}

/** The foot of a point on the plane. */
export function placeOn({ origin, x, y }: Plane, point: Float32Array): PlacedPoint {
  const from = difference(point, origin);
  return { x: dot(from, x), y: dot(from, y), distance: Math.sqrt(dot(from, from)) };
}

/** The point of the space at a place on the plane. */
export function pointAt({ origin, x, y }: Plane, atX: number, atY: number): Float32Array {
  return origin.map((value, i) => value + atX * x[i]! + atY * y[i]!);
}

export function distance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return Math.sqrt(sum);
}

function difference(a: Float32Array, b: Float32Array): Float64Array {
  return Float64Array.from(a, (value, i) => value - b[i]!);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function normalized(vector: Float64Array): Float64Array {
  const length = Math.sqrt(dot(vector, vector));
  return length > 0 ? vector.map((value) => value / length) : vector;
}
