/**
 * What the lesson should show, from what it states: the seed of its digits and of its first network, the rate, the step.
 * The reference computes it in float64. The lesson's own code takes no part.
 */
import { createDataset, sliceDataset, type Dataset } from '../../../src/data/dataset.ts';
import { digitsRange } from '../../../src/data/digits/digits.ts';
import { shuffledOrder } from '../../../src/data/shuffle.ts';
import { sgd } from '../../../src/engine/optimizers.ts';
import { Network } from '../../../src/network/network.ts';
import { parameterLayout } from '../../../src/network/parameters.ts';
import { presets } from '../../../src/network/presets.ts';
import { backpropagate, forwardPass } from '../../../src/reference/backpropagation.ts';
import { featureValues, labelsOf } from '../../../src/reference/features.ts';
import {
  averageNudges,
  sampleNudges,
  type SampleNudges,
  type WeightAddress,
} from '../../../src/reference/nudges.ts';
import type { OutputDelta } from '../../../src/reference/outputDelta.ts';
import { Trainer } from '../../../src/training/trainer.ts';

const { network: lecture, batchSize, learningRate } = presets.lecture;
const seed = 1;

export const firstNetwork = new Network({ ...lecture, seed });
export const testDigits = digitsRange(seed, 'test', 0, 2000);
export const trainingDigits = digitsRange(seed, 'training', 0, 16_000);
const layout = parameterLayout(lecture.layers);

/** An image as the network's inputs, and what it should be. */
export interface Sample {
  readonly features: Float64Array;
  readonly label: number;
}

export const testDigit = (index: number): Sample => ({
  features: featureValues(testDigits, [index]),
  label: testDigits.labels[index]!,
});

/** The place of a weight among the 13,002 numbers. */
export const placeOf = ({ layer, output, input }: WeightAddress): number =>
  layout[layer]!.weightOffset + output * layout[layer]!.inputs + input;

/** The network of one moment. */
export class Moment {
  readonly network: Network;
  readonly parameters: Float64Array;
  #test: OutputDelta | undefined;

  constructor(network: Network) {
    this.network = network;
    this.parameters = Float64Array.from(network.parameters);
  }

  /** Its answers to all test digits. */
  get test(): OutputDelta {
    return (this.#test ??= this.answers(testDigits));
  }

  get accuracy(): number {
    return accuracyOf(this.test, testDigits);
  }

  get cost(): number {
    return mean(this.test.costs);
  }

  /** Test digits of this label that get this answer. */
  count(label: number, answer: number): number {
    return this.#indices(
      (n) => testDigits.labels[n] === label && this.test.predictions[n] === answer,
    ).length;
  }

  /** The share of all test digits that get this answer. */
  share(answer: number): number {
    return this.test.predictions.filter((one) => one === answer).length / testDigits.sampleCount;
  }

  /** Test digits with a wrong answer, the most expensive first. */
  mistakes(): number[] {
    const { costs, predictions } = this.test;
    const wrong = this.#indices((n) => predictions[n] !== testDigits.labels[n]);
    return wrong.sort((a, b) => costs[b]! - costs[a]!);
  }

  answers(dataset: Dataset): OutputDelta {
    const samples = Uint32Array.from({ length: dataset.sampleCount }, (_, n) => n);
    const features = featureValues(dataset, samples);
    const { labels } = dataset;
    return forwardPass({ network: lecture, parameters: this.parameters, features, labels }).output;
  }

  nudges({ features, label }: Sample): SampleNudges {
    return sampleNudges({ ...lecture, parameters: this.parameters }, features, label);
  }

  /** The cost of a sample with one number changed. */
  costWith({ features, label }: Sample, place: number, change: number): number {
    const parameters = this.parameters.slice();
    parameters[place]! += change;
    const { output } = forwardPass({ network: lecture, parameters, features, labels: [label] });
    return output.costs[0]!;
  }

  /** The average of what training digits wish for. */
  averageNudges(samples: Uint32Array): Float64Array {
    return averageNudges(
      { ...lecture, parameters: this.parameters },
      featureValues(trainingDigits, samples),
      labelsOf(trainingDigits, samples),
    ).parameters;
  }

  /** The gradient of the mean cost of training digits. */
  gradient(samples: Uint32Array): Float64Array {
    return backpropagate({
      ...{ network: lecture, parameters: this.parameters },
      features: featureValues(trainingDigits, samples),
      labels: labelsOf(trainingDigits, samples),
    }).gradient;
  }

  #indices(isWanted: (n: number) => boolean): number[] {
    return [...testDigits.labels.keys()].filter(isWanted);
  }
}

export function accuracyOf({ predictions }: OutputDelta, { labels }: Dataset): number {
  return predictions.filter((answer, n) => answer === labels[n]).length / predictions.length;
}

const mean = (values: Float64Array): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Float64 takes a second for so many samples, and after so many steps float32 may have gone another way. */
const mostSamples = 16_000;
const mostSteps = 200;

interface Training {
  readonly batchSize?: number;
  readonly rate?: number;
  readonly seed?: number;
}

/** Trains on datasets, one after the other: in float64, or by the CPU engine if there are many steps. */
async function run(
  network: Network,
  parts: readonly { readonly dataset: Dataset; readonly steps: number }[],
  { batchSize: size = batchSize, rate = learningRate, ...rest }: Training,
  look?: (network: Network) => void,
): Promise<Network> {
  const all = parts.reduce((total, { steps }) => total + steps, 0);
  const isShort = all <= mostSteps && all * size <= mostSamples;
  const trainer = await Trainer.create(network, {
    ...{ batchSize: size, optimizer: sgd({ learningRate: rate }), ...rest },
    ...(isShort ? { backend: 'reference' } : { backend: 'cpu', threads: 0 }),
  });
  try {
    for (const { dataset, steps } of parts) {
      const atOnce = look ? 1 : steps;
      for (let made = 0; made < steps; made += atOnce) {
        const reports = trainer.fit(dataset, { steps: atOnce });
        while ((await reports.next()).done !== true);
        look?.(await trainer.network());
      }
    }
    return await trainer.network();
  } finally {
    await trainer.dispose();
  }
}

/** The network after steps on a dataset. */
export const train = (
  network: Network,
  dataset: Dataset,
  steps: number,
  options: Training = {},
): Promise<Network> => run(network, [{ dataset, steps }], options);

const known = new Map<string, Promise<unknown>>();

/** Computes once what two browsers show. */
export function once<Value>(key: string, compute: () => Promise<Value>): Promise<Value> {
  const value = known.get(key) ?? compute();
  known.set(key, value);
  return value as Promise<Value>;
}

/** The lesson's run after some epochs: on 2,000 digits, then on twice as many each time. */
export const momentAfter = (epochs: number): Promise<Moment> =>
  once(`moment ${epochs}`, async () => {
    const parts = Array.from({ length: epochs }, (_, epoch) => ({
      dataset: sliceDataset(trainingDigits, 0, 2000 * 2 ** epoch),
      steps: 20 * 2 ** epoch,
    }));
    return new Moment(await run(firstNetwork, parts, { seed }));
  });

/** The mini-batch with which an epoch begins. */
export const firstBatch = (epoch: number): Uint32Array =>
  shuffledOrder(seed, epoch, 2000 * 2 ** epoch).slice(0, batchSize);

/** The training digits of one kind among the first 2,000. */
export function onlyDigit(digit: number): Dataset {
  const { labels, ...rest } = sliceDataset(trainingDigits, 0, 2000);
  const chosen = [...labels.keys()].filter((n) => labels[n] === digit);
  return createDataset({
    ...{ name: `only ${digit}`, featureCount: rest.featureCount, classCount: rest.classCount },
    features: Uint8Array.from(
      chosen.flatMap((n) => [...rest.features.subarray(784 * n, 784 * (n + 1))]),
    ),
    labels: Uint8Array.from(chosen, () => digit),
  });
}

/** The walks downhill, from the run's first network. */
export const walks = {
  full: { batchSize: 2000, rate: 6 },
  mini: { batchSize: 100, rate: 6 },
  single: { batchSize: 1, rate: 0.3 },
} as const;

/** What a walk has come to after some steps. */
export const walk = (
  kind: keyof typeof walks,
  steps: number,
): Promise<{
  /** On the first 500 digits. */
  readonly cost: number;
  /** Length of its path, by the distance between its ends. */
  readonly detour: number;
}> =>
  once(`${kind} ${steps}`, async () => {
    const digits = sliceDataset(trainingDigits, 0, 2000);
    let last = firstNetwork.parameters;
    let length = 0;
    const look = ({ parameters }: Network) => {
      length += distance(parameters, last);
      last = parameters;
    };
    const parts = [{ dataset: digits, steps }];
    // Each look takes as long as some steps.
    const end = await run(firstNetwork, parts, walks[kind], steps <= 100 ? look : undefined);
    return {
      cost: mean(new Moment(end).answers(sliceDataset(digits, 0, 500)).costs),
      detour: length / distance(last, firstNetwork.parameters),
    };
  });

const distance = (a: Float32Array, b: Float32Array): number =>
  Math.sqrt(a.reduce((total, value, i) => total + (value - b[i]!) ** 2, 0));

/**
 * The angles between the gradients of mini-batches and that of a deck of 10,000 digits.
 * @param order sorted by digit, or the number of a shuffle
 */
export const deckAngles = (
  epochs: number,
  order: 'sorted' | number,
): Promise<{
  /** Of mini-batches of 1, 10, 100 and 1,000. Of the small ones, sixty are looked at. */
  readonly medians: readonly number[];
  /** Of all mini-batches of 100. */
  readonly hundreds: readonly number[];
}> =>
  once(`deck ${epochs} ${order}`, async () => {
    const moment = await momentAfter(epochs);
    const deck = deckOrder(order);
    const part = (size: number, batch: number) =>
      moment.gradient(deck.slice(size * batch, size * (batch + 1)));
    const places = Array.from({ length: 60 }, (_, n) => n / 60);
    const [ones, tens] = [1, 10].map((size) =>
      places.map((place) => part(size, Math.floor((place * deck.length) / size))),
    ) as [Float64Array[], Float64Array[]];
    const hundreds = Array.from({ length: 100 }, (_, batch) => part(100, batch));
    const thousands = Array.from({ length: 10 }, (_, n) =>
      sum(hundreds.slice(10 * n, 10 * n + 10)),
    );
    const all = sum(hundreds);
    const angles = [ones, tens, hundreds, thousands].map((gradients) =>
      gradients.map((gradient) => angleBetween(gradient, all)),
    );
    return { medians: angles.map(median), hundreds: angles[2]! };
  });

function deckOrder(order: 'sorted' | number): Uint32Array {
  const size = 10_000;
  if (order !== 'sorted') return shuffledOrder(seed, order, size);
  const { labels } = trainingDigits;
  return Uint32Array.from({ length: size }, (_, n) => n).sort(
    (a, b) => labels[a]! - labels[b]! || a - b,
  );
}

function sum(vectors: readonly Float64Array[]): Float64Array {
  return vectors[0]!.map((_, i) => vectors.reduce((total, vector) => total + vector[i]!, 0));
}

/** In degrees. */
function angleBetween(a: Float64Array, b: Float64Array): number {
  const dot = (x: Float64Array, y: Float64Array) =>
    x.reduce((total, value, i) => total + value * y[i]!, 0);
  return (Math.acos(dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))) * 180) / Math.PI;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}
