/**
 * Variation of handwriting beyond the template. The whole digit is bent, widened or narrowed, slanted
 * and turned. Each point is displaced a little. The pen is thin or thick.
 *
 * The strengths were chosen by training on generated digits and reading MNIST's training images (its
 * test images were kept for the final measurement). Weaker variation looks neater but trains worse.
 */
import type { Random } from '../../network/random.ts';

/** How far beyond the first form a mix of two forms may go, as a share of their difference. */
const extrapolation = 0.4;

/** Standard deviations of a point's own displacement, inside a run and at its ends, in hundredths of the height. */
const shake = 2.7;
const endShake = 4;

/** Share of a point's displacement that the next point inherits, because a hand errs smoothly. */
const inertia = 0.5;

/** Standard deviation of each coefficient of the bending, for coordinates from about −1 to 1. */
const bending = 0.13;

/** Means and standard deviations of the width relative to the height, the slant to the right, and the turn in radians. */
const width = { mean: 1.12, deviation: 0.22, min: 0.4 };
const slant = { mean: 0.12, deviation: 0.25 };
const turn = { mean: 0, deviation: 0.11 };

/** Radius of the pen in pixels: thinnest + grip³·span. The cube makes a few far thicker than the rest, as in MNIST. */
const pen = { thinnest: 0.75, span: 0.45, deviation: 0.22 };

/** The middle of the templates' paper, and half its height. */
const middleX = 32;
const middleY = 50;
const halfHeight = 50;

/**
 * A nearly normal number with mean 0 and standard deviation 1, made from a single draw by adding the
 * word's four bytes (Irwin–Hall). It stays within ±3.46, so that no digit loses its shape.
 */
export function bell(random: Random): number {
  const word = random.uint32();
  const sum = (word & 255) + ((word >>> 8) & 255) + ((word >>> 16) & 255) + (word >>> 24);
  // Four bytes have mean 4·127.5 and variance 4·(256² − 1)/12.
  return (sum - 510) / 147.8005412709;
}

/**
 * A random mix of two forms of a template.
 * @param forms the points of each form, [pointCount, 2]
 * @param points receives the mix, [pointCount, 2]
 */
export function mixForms(
  random: Random,
  forms: readonly Float64Array[],
  points: Float64Array,
): void {
  const index = random.integer(forms.length);
  const from = forms[index]!;
  const to = forms[(index + 1) % forms.length]!;
  const share = random.uniform() * (1 + extrapolation) - extrapolation;
  for (let i = 0; i < from.length; i++) points[i] = from[i]! + share * (to[i]! - from[i]!);
}

/**
 * Displaces the points of a path in place, as a random person's hand would.
 * @param points [pointCount, 2] in the templates' coordinates; afterwards in half heights from the middle
 * @param isEnd [pointCount], 1 where a run begins or ends
 */
export function deform(random: Random, points: Float64Array, isEnd: Uint8Array): void {
  const widening = Math.max(width.min, width.mean + width.deviation * bell(random));
  const slanting = slant.mean + slant.deviation * bell(random);
  const turning = turn.mean + turn.deviation * bell(random);
  // Bending adds nonlinear polynomials in u and v to x and to y.
  const xuu = bending * bell(random);
  const xuv = bending * bell(random);
  const xvv = bending * bell(random);
  const xuuv = bending * bell(random);
  const xuvv = bending * bell(random);
  const xvvv = bending * bell(random);
  const yuu = bending * bell(random);
  const yuv = bending * bell(random);
  const yvv = bending * bell(random);
  const yuuu = bending * bell(random);
  const yuuv = bending * bell(random);
  const yuvv = bending * bell(random);

  let shakeX = 0;
  let shakeY = 0;
  for (let point = 0; point < isEnd.length; point++) {
    const strength = isEnd[point] === 1 ? endShake : shake;
    shakeX = inertia * shakeX + strength * bell(random);
    shakeY = inertia * shakeY + strength * bell(random);
    const u = (points[2 * point]! + shakeX - middleX) / halfHeight;
    const v = (points[2 * point + 1]! + shakeY - middleY) / halfHeight;
    const bentX = u + u * (xuu * u + xuv * v + xuuv * u * v) + v * v * (xvv + xuvv * u + xvvv * v);
    const bentY = v + v * (yvv * v + yuv * u + yuvv * u * v) + u * u * (yuu + yuuv * v + yuuu * u);
    const x = widening * bentX - slanting * bentY;
    // This turns by a small angle and also stretches by √(1 + turn²), which the normalisation removes.
    points[2 * point] = x - turning * bentY;
    points[2 * point + 1] = bentY + turning * x;
  }
}

/** Radius of a random person's pen, in pixels of the finished image. */
export function penRadius(random: Random): number {
  const grip = Math.max(0, 1 + pen.deviation * bell(random));
  return pen.thinnest + pen.span * grip * grip * grip;
}
