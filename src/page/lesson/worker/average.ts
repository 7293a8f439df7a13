/** The lecture's table: what each example of a mini-batch wishes for each weight, and the average of it. */
import { sumBound } from '../../../benchmark/verification/bounds.ts';
import { countParameters, parameterLayout } from '../../../network/parameters.ts';
import { exampleNudge, type BatchExplanation } from '../../../reference/batchExplanation.ts';
import { rankSensitivities, type WeightAddress } from '../../../reference/nudges.ts';
import type { Task, TaskFunctions } from '../../worker/messages.ts';
import type { Course } from './course.ts';

const featureCount = 784;
/** The most sensitive weights that the table shows. */
const rankedRows = 10;

export interface AverageQuestion {
  /** Number of examples to average, from the start of the mini-batch. */
  readonly count: number;
  /** Positions in the mini-batch of examples to leave out. */
  readonly without: readonly number[];
  /** Weights that are shown whatever their sensitivity. */
  readonly weights: readonly WeightAddress[];
  /** Examples whose images and nudges are wanted, from the start of the mini-batch. */
  readonly columns: number;
  /** An earlier answer's mini-batch and weights, to keep the table calm while training goes on. */
  readonly held?: { readonly samples: Uint32Array; readonly ranked: readonly WeightAddress[] };
}

export interface AverageRow extends WeightAddress {
  readonly isRanked: boolean;
  /** The nudge of each averaged example; NaN for one left out. [position in the mini-batch] */
  readonly nudges: Float64Array;
  readonly average: number;
  /** ∂C/∂W by the engine. */
  readonly gradient: number;
}

export interface AverageAnswer {
  readonly step: number;
  /** The mini-batch: indices of training samples. */
  readonly samples: Uint32Array;
  /** Whether it is the one that the next step trains on. */
  readonly isNext: boolean;
  /** Number of examples averaged. */
  readonly count: number;
  readonly labels: Uint8Array;
  /** Of the first `columns` examples. */
  readonly pixels: readonly Uint8Array[];
  /** The most sensitive weight comes first. */
  readonly ranked: readonly WeightAddress[];
  /** In the order of the parameters. */
  readonly rows: readonly AverageRow[];
  /** All 13,002 nudges of the first `columns` examples as shades; empty for one left out. */
  readonly shades: readonly Int8Array[];
  readonly averageShades: Int8Array;
  /** How many of the 13,002 averages are above 0, and below. */
  readonly raised: number;
  readonly lowered: number;
  /** The largest difference between the average and the negative gradient, relative to its tolerance. */
  readonly difference: number;
}

export interface AverageTasks {
  average: Task<AverageQuestion, never, AverageAnswer>;
}

export const averageTasks = (course: () => Promise<Course>): TaskFunctions<AverageTasks> => ({
  average: async (question) => {
    const opened = await course();
    return await opened.inTurn(async () => {
      const { training, samples: next } = await opened.nextBatch();
      const { held } = question;
      const isHeld = held?.samples.every((sample) => sample < training.sampleCount) === true;
      const samples = isHeld ? held.samples : next;
      const kept = positionsOf(question, samples.length);
      const batch = await opened.trainer.explainBatch(
        training,
        kept.map((position) => samples[position]!),
      );
      const pixels = Array.from(samples.subarray(0, question.columns), (sample) =>
        training.features.slice(sample * featureCount, (sample + 1) * featureCount),
      );
      const { all, average, ...table } = averageTable(batch, kept, {
        size: samples.length,
        columns: question.columns,
        weights: question.weights,
        ...(isHeld && { ranked: held.ranked }),
      });
      return {
        ...table,
        ...{ shades: all.map(shadesOf), averageShades: shadesOf(average) },
        raised: average.filter((value) => value > 0).length,
        lowered: average.filter((value) => value < 0).length,
        ...{ step: opened.step, samples, pixels, count: kept.length },
        isNext: samples.every((sample, n) => sample === next[n]) && samples.length === next.length,
        labels: Uint8Array.from(samples, (sample) => training.labels[sample]!),
      };
    });
  },
});

/** Positions of the examples to average: at least one. */
function positionsOf({ count, without }: AverageQuestion, size: number): number[] {
  const all = Array.from({ length: Math.min(count, size) }, (_, position) => position);
  const kept = all.filter((position) => !without.includes(position));
  return kept.length > 0 ? kept : [0];
}

/**
 * The table of a mini-batch. The average is computed from the nudges of the examples, and compared with the gradient
 * that the engine computed by itself.
 * @param kept position of each explained example in the mini-batch
 */
export function averageTable(
  batch: BatchExplanation,
  kept: readonly number[],
  options: {
    readonly size: number;
    readonly columns: number;
    readonly weights: readonly WeightAddress[];
    readonly ranked?: readonly WeightAddress[];
  },
): Pick<AverageAnswer, 'ranked' | 'rows' | 'difference'> & {
  /** All 13,002 nudges of the first `columns` examples; empty for one left out. */
  readonly all: readonly Float32Array[];
  readonly average: Float64Array;
} {
  const { sizes, gradient } = batch;
  const all = Array.from({ length: Math.min(options.columns, options.size) }, (_, position) =>
    kept.includes(position) ? new Float32Array(countParameters(sizes)) : new Float32Array(),
  );
  const { average, tolerance } = sumNudges(
    batch,
    kept.map((position) => all[position]),
  );
  let difference = 0;
  average.forEach((value, i) => {
    const share = Math.abs(value + gradient[i]!) / tolerance[i]!;
    if (!(share <= difference)) difference = share;
  });
  const ranked = options.ranked ?? rankSensitivities({ layers: sizes }, average, rankedRows);
  const layout = parameterLayout(sizes);
  const at = ({ layer, output, input }: WeightAddress) =>
    layout[layer]!.weightOffset + output * layout[layer]!.inputs + input;
  const addresses = new Map(
    [...options.weights, ...ranked].map((address) => [at(address), address] as const),
  );
  const rankedPlaces = new Set(ranked.map(at));
  const rows = [...addresses]
    .sort(([a], [b]) => a - b)
    .map(([place, { layer, output, input }]): AverageRow => {
      const nudges = new Float64Array(options.size).fill(NaN);
      kept.forEach((position, n) => {
        nudges[position] = exampleNudge(batch, n, { layer, output, input });
      });
      return {
        ...{ layer, output, input, nudges, isRanked: rankedPlaces.has(place) },
        ...{ average: average[place]!, gradient: gradient[place]! },
      };
    });
  return { ranked, rows, all, average, difference };
}

/** Nudges as shades from −127 to 127, on a scale of their own on which a thousandth of the largest is still visible. */
export function shadesOf(nudges: Float32Array | Float64Array): Int8Array {
  let largest = 0;
  for (const nudge of nudges) largest = Math.max(largest, Math.abs(nudge));
  return Int8Array.from(nudges, (nudge) =>
    nudge === 0 ? 0 : Math.sign(nudge) * Math.round(127 * (Math.abs(nudge) / largest) ** 0.4),
  );
}

/**
 * The mean nudge of each weight and bias, and how far float32 may be from it.
 * @param columns receives the nudges of each example
 */
function sumNudges(
  { sizes, samples, features, layers }: BatchExplanation,
  columns: readonly (Float32Array | undefined)[],
): { readonly average: Float64Array; readonly tolerance: Float64Array } {
  const count = samples.length;
  const average = new Float64Array(countParameters(sizes));
  const tolerance = new Float64Array(average.length);
  parameterLayout(sizes).forEach(({ inputs, outputs, weightOffset, biasOffset }, l) => {
    const { delta } = layers[l]!;
    const below = l === 0 ? features : layers[l - 1]!.a;
    const unit = l === 0 ? 255 : 1;
    for (let n = 0; n < count; n++) {
      const column = columns[n];
      for (let j = 0; j < outputs; j++) {
        const wish = 0 - delta[n * outputs + j]!;
        const from = weightOffset + j * inputs;
        for (let i = 0; i <= inputs; i++) {
          // The bias comes last, as the weight of an input that is always 1.
          const input = i === inputs ? 1 : below[n * inputs + i]! / unit;
          // Most pixels are 0, and wish for nothing.
          if (input === 0) continue;
          const place = i === inputs ? biasOffset + j : from + i;
          const nudge = wish * input;
          average[place]! += nudge / count;
          tolerance[place]! += Math.abs(nudge);
          if (column) column[place] = nudge;
        }
      }
    }
  });
  for (let i = 0; i < tolerance.length; i++) {
    tolerance[i] = sumBound(count, tolerance[i]!) / count;
  }
  return { average, tolerance };
}
