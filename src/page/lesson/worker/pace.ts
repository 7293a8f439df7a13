/** How much of the processor the run takes. */

export interface Pace {
  /** Time between two frames while it trains. */
  readonly frameMs: number;
  /** Most steps between two frames. */
  readonly frameSteps: number;
  /** Steps after which playing pauses. */
  readonly playedSteps: number;
  /** Idle time after work, as a multiple of the time that it took. */
  readonly rest: number;
}

export const paces = {
  /**
   * Ten frames a second are smooth enough for numbers, and leave time for the reader. After the last step the network
   * learns nothing that can be seen, and the processor rests.
   */
  full: { frameMs: 90, frameSteps: 80, playedSteps: 20_000, rest: 0 },
  /** For a page that is there for something else. The CPU engine alone computes, and the machine stays cool. */
  sparing: { frameMs: 200, frameSteps: 10, playedSteps: 3_000, rest: 9 },
} satisfies Readonly<Record<string, Pace>>;

export type PaceName = keyof typeof paces;

/** The longest rest: work that waited for something else may have taken long. */
const maxRestMs = 1_000;

/** Idle time after work that took this long. */
export const restMs = (tookMs: number, { rest }: Pace): number =>
  Math.min(maxRestMs, rest * tookMs);
