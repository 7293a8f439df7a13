/**
 * How a way of writing a digit is written down.
 *
 * The paper is 100 high and about 65 wide, x to the right and y down. A path is a list of points `x,y`
 * that the pen passes through in a smooth curve; `!` after a point makes it a corner, and ` / ` lifts
 * the pen.
 */
export interface DigitTemplate {
  /** How common it is beside the other ways of writing the same digit. */
  readonly weight: number;
  /**
   * Paths with the same points, corners and lifts in the same order, so that a hand can write
   * anything between two of them, or a little beyond: a wide and a narrow loop, a high and a low waist.
   * What bends, slants or shakes every digit alike belongs to `style.ts`, not here.
   */
  readonly forms: readonly string[];
}
