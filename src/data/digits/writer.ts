import { Random, streams } from '../../network/random.ts';
import { flatten, parsePath, segmentCount, type Path } from './path.ts';
import { Renderer } from './render.ts';
import { deform, mixForms, penRadius } from './style.ts';
import { digitTemplates } from './templates/index.ts';

/** The two parts of the dataset, which never share a random number. */
export type DigitsSplit = 'training' | 'test';

/** A template made ready to be drawn. */
interface Pattern {
  /** The template's weight and those of the ones before it, added up. */
  readonly cumulativeWeight: number;
  /** The points of each form, [pointCount, 2]. */
  readonly forms: readonly Float64Array[];
  readonly runs: Path['runs'];
  /** [pointCount], 1 where a run begins or ends. */
  readonly isEnd: Uint8Array;
  readonly segmentCount: number;
  /** Work array for a mix of the forms. */
  readonly points: Float64Array;
}

/** Samples of the two splits are two halves of one sequence of random sequences. */
const firstIndex: Readonly<Record<DigitsSplit, number>> = { training: 0, test: 2 ** 32 };

function preparePatterns(): readonly (readonly Pattern[])[] {
  return digitTemplates.map((templates) => {
    let cumulativeWeight = 0;
    return templates.map(({ weight, forms }) => {
      cumulativeWeight += weight;
      const paths = forms.map(parsePath);
      const { points, runs } = paths[0]!;
      const isEnd = new Uint8Array(points.length / 2);
      for (const end of runs) isEnd[end] = 1;
      return {
        cumulativeWeight,
        forms: paths.map((path) => path.points),
        runs,
        isEnd,
        segmentCount: segmentCount(runs),
        points: new Float64Array(points.length),
      };
    });
  });
}

/**
 * Writes the samples of one seed, any of them in any order. Keeps its templates and work arrays, so
 * that a sample costs tens of microseconds.
 */
export class DigitWriter {
  readonly #seed: number;
  readonly #patterns = preparePatterns();
  readonly #segments: Float64Array;
  readonly #renderer = new Renderer();

  constructor(seed: number) {
    this.#seed = seed;
    const longest = Math.max(...this.#patterns.flat().map((pattern) => pattern.segmentCount));
    this.#segments = new Float64Array(4 * longest);
  }

  /**
   * Writes one sample: a pure function of the seed and these arguments.
   * @param image receives 28×28 bytes, row by row, 255 is ink
   * @returns the digit it shows
   */
  write(split: DigitsSplit, index: number, image: Uint8Array): number {
    const random = new Random(this.#seed, streams.digits, firstIndex[split] + index);
    const digit = random.integer(10);
    const patterns = this.#patterns[digit]!;
    const chosen = random.uniform() * patterns.at(-1)!.cumulativeWeight;
    const pattern = patterns.find((candidate) => chosen < candidate.cumulativeWeight)!;
    mixForms(random, pattern.forms, pattern.points);
    deform(random, pattern.points, pattern.isEnd);
    flatten(pattern.points, pattern.runs, this.#segments);
    this.#renderer.render(this.#segments, pattern.segmentCount, penRadius(random), image);
    return digit;
  }
}
