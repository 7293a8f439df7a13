/**
 * The switches of single figures that decide which numbers a figure shows. They belong to the moment: a link holds
 * those that the reader has changed. Each is declared once, and here, so that a link can be read before the figures are
 * loaded.
 */
import { signal, type Signal } from '@preact/signals';

import { attempt, integer } from './moment.ts';
import type { DeckOrder } from './worker/miniBatches.ts';
import type { Cell } from './worker/mend.ts';

interface LinkedSwitch {
  /** Begins with the figure's id. */
  readonly key: string;
  /** undefined while the switch has its default. */
  readonly write: () => string | undefined;
  /** null: the link does not have it. */
  readonly read: (text: string | null) => void;
}

const switches: LinkedSwitch[] = [];

/** How a link holds the values of a switch. */
interface Format<Value> {
  readonly write: (value: Value) => string;
  /** Throws for a text that is no value of the switch: a link may hold anything. */
  readonly read: (text: string) => Value;
}

/** Adds the switches that do not have their default to a link. */
export function writeSwitches(query: URLSearchParams): void {
  for (const { key, write } of switches) {
    const text = write();
    if (text !== undefined) query.set(key, text);
  }
}

/** Sets all switches as a link has them. Those that are missing or wrong have their default. */
export function readSwitches(query: URLSearchParams): void {
  for (const { key, read } of switches) read(query.get(key));
}

/** Declares a switch. */
function linked<Value>(key: string, first: NoInfer<Value>, format: Format<Value>): Signal<Value>;
function linked<Value>(
  key: string,
  first: undefined,
  format: Format<Value>,
): Signal<Value | undefined>;
function linked<Value>(
  key: string,
  first: Value | undefined,
  format: Format<Value>,
): Signal<Value | undefined> {
  const state = signal(first);
  const textOf = (value: Value | undefined) =>
    value === undefined ? undefined : format.write(value);
  const firstText = textOf(first);
  switches.push({
    key,
    write: () => {
      const text = textOf(state.peek());
      return text === firstText ? undefined : text;
    },
    read: (text) => {
      state.value = text === null ? first : attempt(() => format.read(text), first);
    },
  });
  return state;
}

const integerFrom = (min: number, max: number): Format<number> => ({
  write: String,
  read: (text) => integer(text, max, min),
});

const oneOf = <Value extends string | number>(values: readonly Value[]): Format<Value> => ({
  write: String,
  read: (text) => {
    const found = values.find((value) => String(value) === text);
    if (found === undefined) throw new Error(`'${text}' is none of ${values.join(', ')}.`);
    return found;
  },
});

const seeds = integerFrom(0, 2 ** 32 - 1);

/** The neuron of the first layer that the map of pixels shows; undefined follows the selection. */
export const mappedNeuron = linked('sensitivity.map', undefined, integerFrom(0, 15));

/** How far the weight can be turned. */
export const wiggleSpans = [4, 1, 0.1, 0.01] as const;
export type WiggleSpan = (typeof wiggleSpans)[number];
export const wiggleSpan = linked<WiggleSpan>('wiggle.span', 4, oneOf(wiggleSpans));
/** The last place of the slider; the worker computes the cost at each. */
export const wiggleEnd = 60;
/** Where the reader has turned the weight; undefined until then. */
export const wigglePlace = linked('wiggle.place', undefined, integerFrom(0, wiggleEnd));

export const allOutputsOn: readonly boolean[] = Array.from({ length: 10 }, () => true);
/** The outputs whose wishes are added up. A link holds those that are off: '0139'. */
export const outputsOn = linked<readonly boolean[]>('sums.off', allOutputsOn, {
  write: (on) => on.flatMap((isOn, output) => (isOn ? [] : [output])).join(''),
  read: (text) => {
    if (!/^\d{1,10}$/.test(text)) throw new Error(`'${text}' is no list of outputs.`);
    return allOutputsOn.map((_, output) => !text.includes(String(output)));
  },
});

/** The outputs' wishes, those for both hidden layers, the first weights. */
export const lastStage = 3;
/** The stage that the reader has stepped to; undefined while the figure goes back by itself. */
export const backwardsStage = linked('backwards.stage', undefined, integerFrom(0, lastStage));

/** The examples of a mini-batch that are averaged. */
export interface Averaged {
  /** From the start of the mini-batch. */
  readonly count: number;
  /** Their positions, but for those that are left out. */
  readonly without: readonly number[];
}

export const averageSize = 100;
/** Examples with a column of their own, which can be left out. The others share one. */
export const averageColumns = 5;

/** Without positions that are not counted anyway, and with at least one example. */
export function averagedOf(count: number, without: readonly number[]): Averaged {
  const left = without.filter((position) => position < count);
  return { count, without: left.length < count ? left : [] };
}

/** A link holds the count, and the positions left out: '50-1-3'. */
export const averaged = linked<Averaged>('average.of', averagedOf(averageSize, []), {
  write: ({ count, without }) => [count, ...without.toSorted((a, b) => a - b)].join('-'),
  read: (text) => {
    const [count = '', ...without] = text.split('-');
    const positions = without.map((position) => integer(position, averageColumns - 1));
    return averagedOf(integer(count, averageSize, 1), [...new Set(positions)]);
  },
});

/** The digit that the trial trains on alone. */
export const onlyDigit = linked('onlyOne.digit', 2, integerFrom(0, 9));
export const trialStarts = ['now', 'start'] as const;
export type TrialStart = (typeof trialStarts)[number];
/** Where the trial that is shown begins. */
export const trialStart = linked<TrialStart>('onlyOne.from', 'now', oneOf(trialStarts));
/** The point of the trial that is shown; undefined, or one that it does not have, is the last. */
export const trialPoint = linked('onlyOne.point', undefined, integerFrom(0, 99));

/** The order of the deck. A link holds the number of the shuffle, or 'sorted'. */
export const deckOrder = linked<DeckOrder>(
  'miniBatches.deck',
  { order: 'shuffled', shuffle: 0 },
  {
    write: ({ order, shuffle }) => (order === 'sorted' ? order : seeds.write(shuffle)),
    read: (text) =>
      text === 'sorted'
        ? { order: 'sorted', shuffle: 0 }
        : { order: 'shuffled', shuffle: seeds.read(text) },
  },
);

export const raceAxes = ['seconds', 'steps'] as const;
export type RaceAxis = (typeof raceAxes)[number];
export const raceAxis = linked<RaceAxis>('descent.by', 'seconds', oneOf(raceAxes));

/** The seed of the images of noise. */
export const noiseSeed = linked('mend.noise', 1, seeds);
/** The cell of the confusion matrix that the reader has selected; a link holds its label and answer: '4.9'. */
export const confusionCell = linked<Cell>('mend.cell', undefined, {
  write: ({ label, answer }) => `${label}.${answer}`,
  read: (text) => {
    if (!/^\d\.\d$/.test(text)) throw new Error(`'${text}' is no cell.`);
    return { label: Number(text[0]), answer: Number(text[2]) };
  },
});
