/** Options that several commands share, and the kinds of options. */
import { Option } from 'commander';

import { optimizerNames } from '../benchmark/optimizerConfiguration.ts';
import { backends, type Backend } from '../engine/engine.ts';
import { activations, costs, outputs, requireOneOf } from '../network/functions.ts';
import { initializers } from '../network/initializers.ts';
import { presets } from '../network/presets.ts';
import { runtimes, type RuntimeChoice } from './configure.ts';
import { parseList, parseNumber, parseSwitch, parseWhole } from './values.ts';

export const text = (flags: string, description: string): Option => new Option(flags, description);

export const whole = (flags: string, description: string, min = 1, max?: number): Option =>
  text(flags, description).argParser((value) => parseWhole(nameOf(flags), value, min, max));

/** See {@link parseNumber} for the range. */
export const number = (
  flags: string,
  description: string,
  range?: string,
  isInRange?: (value: number) => boolean,
): Option =>
  text(flags, description).argParser((value) =>
    parseNumber(nameOf(flags), value, range, isInRange),
  );

/** A number of seconds in a range, by default all above 0. */
export function seconds(flags: string, description: string, range?: readonly [number, number]) {
  if (!range) return number(flags, description, 'above 0', (value) => value > 0);
  const [min, max] = range;
  const isInRange = (value: number) => value >= min && value <= max;
  return number(flags, description, `from ${min} to ${max}`, isInRange);
}

export const onOff = (flags: string, description: string): Option =>
  text(flags, description).argParser((value) => parseSwitch(nameOf(flags), value));

export const choice = (flags: string, description: string, names: readonly string[]): Option =>
  text(flags, description).choices(names);

/** An option with several values, separated by commas, spaces or both. */
export const list = (
  flags: string,
  description: string,
  parse: (part: string, name: string) => string | number,
): Option =>
  text(flags, description).argParser(
    (value, previous: readonly (string | number)[] | undefined) => [
      ...(previous ?? []),
      ...parseList(value).map((part) => parse(part, nameOf(flags))),
    ],
  );

function nameOf(flags: string): string {
  return /--[a-z-]+/.exec(flags)![0];
}

/** The values of {@link data}, {@link json}, {@link backend} and {@link runtime}. */
export interface SharedArguments {
  readonly data?: string | undefined;
  readonly json?: string | undefined;
  readonly backend?: Backend | 'auto' | undefined;
  readonly runtime?: RuntimeChoice | undefined;
  readonly browser?: string | undefined;
}

export const data = () =>
  text(
    '--data <name>',
    'mnist, digits (drawn by nudge, needs no files) or a folder with the MNIST files; default: mnist if it is found, else digits',
  );

export const json = () =>
  text('--json <file>', 'write a JSON report; - writes it to stdout and all other text to stderr');

/** @param conflicts options whose values come from the file */
export const resume = (what: string, conflicts: string[]) =>
  text('--resume <file>', `continue ${what}`).conflicts(conflicts);

export const preset = (description = 'a network and its training settings') =>
  choice('--preset <name>', description, Object.keys(presets));

export const network = () => [
  list('--layers <sizes...>', 'layer sizes, input first: 784,16,16,10', (part, name) =>
    parseWhole(`Each size in ${name}`, part),
  ),
  text(
    '--activation <names>',
    `activation of the hidden layers, or one for each: relu,tanh (choices: ${activations.join(', ')})`,
  ).argParser((value) => {
    const names = parseList(value).map((name) => requireOneOf('activation', name, activations));
    return names.length === 1 ? names[0] : names;
  }),
  choice('--output <name>', 'activation of the last layer', outputs),
  choice('--cost <name>', 'the cost that training minimizes', costs),
];

export const init = () =>
  choice('--init <name>', 'distribution of the initial weights', initializers);

export const batchSize = () =>
  whole('--batch-size <n>', "samples per step; default: the preset's, else 100");

export const epochs = (usual: number) =>
  whole('--epochs <n>', `passes over the training set; default: ${usual}`);

export const optimizer = () =>
  choice('--optimizer <name>', "default: the preset's, else sgd", optimizerNames);

export const seed = (description: string) => whole('--seed <n>', description, 0, 2 ** 32 - 1);

export const shuffle = () =>
  onOff('--shuffle <on|off>', 'shuffle the training set before each epoch; default: on');

export const backend = () =>
  choice(
    '--backend <name>',
    'webgpu, cpu (float32), reference (CPU, float64) or auto (the faster of webgpu and cpu); default: auto',
    [...backends, 'auto'],
  );

export const runtime = (fallback: RuntimeChoice = 'auto') => [
  choice(
    '--runtime <name>',
    `where WebGPU runs; auto: node if Dawn finds an adapter, else chromium; default: ${fallback}`,
    runtimes,
  ),
  text('--browser <path>', 'the browser to start; default: the first one found'),
];
