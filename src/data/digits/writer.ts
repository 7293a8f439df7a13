import { Random, streams } from '../../network/random.ts';
import { flatten, parsePath, segmentCount, type Path } from './path.ts';
import { Renderer } from './render.ts';
import { deform, mixForms, penRadius } from './style.ts';
import { digitTemplates } from './templates/index.ts';

/** The two parts of the dataset. They share no random number. */
export type DigitsSplit = 'training' | 'test';

/** A template prepared for drawing. */
interface Pattern {
  /** Sum of the weights of this template and those before it. */
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

/** Index of each split's first random sequence. The splits use disjoint ranges of 2³². */
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
 * Writes any samples of one seed, in any order. It keeps its templates and work arrays, so a sample
 * costs tens of microseconds.
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
   * Writes one sample. The result depends only on the seed, the split and the index.
   * @param image receives 28×28 bytes, row by row, 255 is ink
   * @returns the digit that the image shows
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
