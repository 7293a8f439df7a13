/** The shape of a nudge's arrow. */

/** An arrow from (0, 0), up for a length above 0, down for one below. Short ones have a small head and no shaft. */
export function arrowPath(length: number, thickness: number): string {
  const size = Math.abs(length);
  if (!(size >= 0.5)) return `M-1.2 0a1.2 1.2 0 1 0 2.4 0a1.2 1.2 0 1 0-2.4 0Z`;
  const head = Math.min(size, 2.6 * thickness);
  const half = Math.max(1, head * 0.62);
  const shaft = thickness / 2;
  const [left, right] = [(-half).toFixed(1), half.toFixed(1)];
  const up = (along: number): string => (-Math.sign(length) * along).toFixed(1);
  const tip = `0 ${up(size)}`;
  const neck = size - head;
  if (neck < 0.5) return `M${left} ${up(0)}L${tip}L${right} ${up(0)}Z`;
  return (
    `M${-shaft} ${up(0)}L${-shaft} ${up(neck)}L${left} ${up(neck)}L${tip}` +
    `L${right} ${up(neck)}L${shaft} ${up(neck)}L${shaft} ${up(0)}Z`
  );
}

/** The length of an arrow in pixels, with its sign: `longest` for a value of the size `largest`. */
export function arrowLength(value: number, largest: number, longest: number): number {
  return largest > 0 ? (value / largest) * longest : 0;
}
