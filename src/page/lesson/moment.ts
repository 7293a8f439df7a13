/**
 * A moment of the lesson: everything that decides its numbers. It fits into the page's address, and another machine
 * computes the same moment from it.
 */
import type { HiddenActivation } from '../../network/layers.ts';

/** A change that the reader made during training. */
export type Change =
  | { readonly kind: 'rate'; readonly rate: number }
  /** Trains on the samples of one digit, or of all again. */
  | { readonly kind: 'only'; readonly digit: number | 'all' }
  /** Gives every training sample a random label, or the true labels back. */
  | { readonly kind: 'labels'; readonly labels: 'shuffled' | 'true' }
  /** One step on one training sample. */
  | { readonly kind: 'one'; readonly sample: number }
  /** Sets all weights between two layers to 0. */
  | { readonly kind: 'zero'; readonly layer: number }
  /** Adds noise to all weights between two layers. */
  | { readonly kind: 'noise'; readonly layer: number; readonly size: number };

/** A change, and the number of steps after which it was made. */
export type DatedChange = Change & { readonly step: number };

/** What decides the parameters at a step. */
export interface Script {
  /** `mnist` needs the reader's files. */
  readonly data: 'digits' | 'mnist';
  /** Seed of the first parameters, the order of samples, and the digits. */
  readonly seed: number;
  readonly activation: HiddenActivation & string;
  readonly rate: number;
  /** In order. */
  readonly changes: readonly DatedChange[];
}

/** A test sample by its index, or a drawing of 28 × 28 bytes with the digit that it should be. */
export type Example =
  | { readonly kind: 'test'; readonly index: number }
  | { readonly kind: 'drawn'; readonly pixels: Uint8Array; readonly label: number };

export interface Moment {
  readonly script: Script;
  readonly step: number;
  readonly example: Example;
}

export const firstScript: Script = {
  data: 'digits',
  seed: 1,
  activation: 'sigmoid',
  rate: 6,
  changes: [],
};

const kinds = {
  rate: (value: string): Change => ({ kind: 'rate', rate: positive(value) }),
  only: (value: string): Change => ({
    kind: 'only',
    digit: value === 'all' ? 'all' : integer(value, 9),
  }),
  labels: (value: string): Change => ({
    kind: 'labels',
    labels: value === 'shuffled' ? 'shuffled' : 'true',
  }),
  one: (value: string): Change => ({ kind: 'one', sample: integer(value, 59_999) }),
  zero: (value: string): Change => ({ kind: 'zero', layer: integer(value, 2) }),
  noise: (value: string): Change => {
    const [layer = '', size = ''] = value.split('~');
    return { kind: 'noise', layer: integer(layer, 2), size: positive(size) };
  },
};

/** The part of an address that holds a moment: 'step=120&seed=1&example=3&changes=100.only.2'. */
export function writeMoment({ script, step, example }: Moment): URLSearchParams {
  const { data, seed, activation, rate, changes } = script;
  const query = new URLSearchParams({ step: String(step) });
  if (data !== firstScript.data) query.set('data', data);
  if (seed !== firstScript.seed) query.set('seed', String(seed));
  if (activation !== firstScript.activation) query.set('activation', activation);
  if (rate !== firstScript.rate) query.set('rate', String(rate));
  if (example.kind === 'test') query.set('example', String(example.index));
  else query.set('drawn', `${example.label}.${packPixels(example.pixels)}`);
  if (changes.length > 0) query.set('changes', changes.map(writeChange).join(','));
  return query;
}

/**
 * Reads the moment of an address. Parts that are missing or wrong have their default.
 * @returns the moment without a step if the address names none: the lesson then trains from the start
 */
export function readMoment(query: URLSearchParams): {
  readonly script: Script;
  readonly step?: number;
  readonly example?: Example;
} {
  const number = (name: string, max: number, otherwise: number): number => {
    const value = query.get(name);
    return value === null ? otherwise : attempt(() => integer(value, max), otherwise);
  };
  const rate = query.get('rate');
  const script: Script = {
    data: query.get('data') === 'mnist' ? 'mnist' : 'digits',
    seed: number('seed', 2 ** 32 - 1, firstScript.seed),
    activation: query.get('activation') === 'relu' ? 'relu' : 'sigmoid',
    rate: rate === null ? firstScript.rate : attempt(() => positive(rate), firstScript.rate),
    changes: attempt(() => readChanges(query.get('changes') ?? ''), []),
  };
  const drawn = query.get('drawn');
  const example = drawn === null ? undefined : attempt(() => readDrawing(drawn), undefined);
  return {
    script,
    ...(query.has('step') && { step: number('step', maxStep, 0) }),
    ...(example && { example }),
    ...(query.has('example') && {
      example: { kind: 'test' as const, index: number('example', 9999, 0) },
    }),
  };
}

/** The largest step that an address may ask for: more would take minutes to compute. */
export const maxStep = 100_000;

function writeChange(change: DatedChange): string {
  const value = () => {
    switch (change.kind) {
      case 'rate':
        return change.rate;
      case 'only':
        return change.digit;
      case 'labels':
        return change.labels;
      case 'one':
        return change.sample;
      case 'zero':
        return change.layer;
      case 'noise':
        return `${change.layer}~${change.size}`;
    }
  };
  return `${change.step}.${change.kind}.${value()}`;
}

function readChanges(text: string): DatedChange[] {
  if (text === '') return [];
  let last = 0;
  return text.split(',').map((part) => {
    const [step = '', kind = '', ...value] = part.split('.');
    if (!Object.hasOwn(kinds, kind)) throw new Error(`There is no change '${kind}'.`);
    const change = kinds[kind as keyof typeof kinds](value.join('.'));
    const made = integer(step, maxStep);
    if (made < last) throw new Error('Changes are in the order of their steps.');
    last = made;
    return { ...change, step: made };
  });
}

function readDrawing(text: string): Example {
  const [label = '', packed = ''] = text.split('.');
  return { kind: 'drawn', label: integer(label, 9), pixels: unpackPixels(packed) };
}

/** 28 × 28 bytes as 4 bits each in base64url, which keeps an address below 600 characters. */
function packPixels(pixels: Uint8Array): string {
  let bytes = '';
  for (let i = 0; i < pixels.length; i += 2) {
    bytes += String.fromCharCode((pixels[i]! & 0xf0) | (pixels[i + 1]! >> 4));
  }
  return btoa(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function unpackPixels(text: string): Uint8Array {
  const bytes = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  if (bytes.length !== 392) throw new Error('A drawing has 392 bytes.');
  return Uint8Array.from({ length: 784 }, (_, i) => {
    const byte = bytes.charCodeAt(i >> 1);
    const half = i % 2 === 0 ? byte >> 4 : byte & 15;
    return half * 17;
  });
}

/** A drawing as its address keeps it, so that the page shows the same numbers as a reader of the link. */
export function roundPixels(pixels: Uint8Array): Uint8Array {
  return unpackPixels(packPixels(pixels));
}

export function integer(text: string, max: number, min = 0): number {
  const value = Number(text);
  if (/^\d{1,10}$/.test(text) && value >= min && value <= max) return value;
  throw new Error(`'${text}' is not an integer from ${min} to ${max}.`);
}

function positive(text: string): number {
  const value = Number(text);
  if (value > 0 && value <= 1000) return value;
  throw new Error(`'${text}' is not a number from 0 to 1000.`);
}

/** What `read` gives, or something else if it throws. */
export function attempt<Value, Otherwise>(
  read: () => Value,
  otherwise: Otherwise,
): Value | Otherwise {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
