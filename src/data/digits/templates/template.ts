/**
 * One way of writing a digit.
 *
 * The paper is 100 high and about 65 wide, x to the right and y down. A path is a list of points `x,y`
 * that the pen passes through in a smooth curve. `!` after a point makes it a corner, and ` / ` lifts
 * the pen.
 */
export interface DigitTemplate {
  /** Frequency relative to the other ways of writing the same digit. */
  readonly weight: number;
  /**
   * Paths with the same number of points, and corners and lifts at the same ones. A sample is a mix of
   * two of them, or goes a little beyond: a wide and a narrow loop, a high and a low waist.
   * Variation that applies to every digit, such as bending and slanting, belongs in `style.ts`.
   */
  readonly forms: readonly string[];
}
