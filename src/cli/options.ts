/** The options that several commands share, each declared once. */
import { Option, type Command } from 'commander';

import { optimizerNames } from '../benchmark/optimizerConfiguration.ts';
import { activations, costs, outputs } from '../network/functions.ts';
import { initializers } from '../network/initializers.ts';
import { presets } from '../network/presets.ts';
import { backends } from '../engine/engine.ts';
import { runtimes, type NetworkArguments, type RuntimeChoice } from './configure.ts';
import type { Backend } from '../engine/engine.ts';
import { exitCodeHelp } from './errors.ts';
import { parseLayers, parseNumber, parseSwitch, parseWhole } from './values.ts';

export const groups = { simple: 'Simple options:', advanced: 'Advanced options:' } as const;
type Group = keyof typeof groups;

/** Adds options of one of the two groups of the help. */
export function add(command: Command, group: Group, ...options: readonly Option[]): Command {
  for (const option of options) command.addOption(option.helpGroup(groups[group]));
  return command;
}

export const whole = (flags: string, description: string, min = 1, max?: number): Option =>
  new Option(flags, description).argParser((text) => parseWhole(nameOf(flags), text, min, max));

export const number = (flags: string, description: string): Option =>
  new Option(flags, description).argParser((text) => parseNumber(nameOf(flags), text));

export const onOff = (flags: string, description: string): Option =>
  new Option(flags, description).argParser((text) => parseSwitch(nameOf(flags), text));

export const choice = (flags: string, description: string, names: readonly string[]): Option =>
  new Option(flags, description).choices(names);

export const seed = (description: string): Option =>
  whole('--seed <n>', description, 0, 2 ** 32 - 1);

export const epochs = (usual: number): Option =>
  whole('--epochs <n>', `passes over the training set; default: ${usual}`);

export const batchSize = (): Option =>
  whole('--batch-size <n>', "samples a step; default: the preset's, else 100");

export const optimizer = (): Option =>
  choice('--optimizer <name>', "default: the preset's, else sgd", optimizerNames);

export const shuffle = (): Option =>
  onOff('--shuffle <on|off>', 'an order of its own for each epoch; off: as in the file');

function nameOf(flags: string): string {
  return /--[a-z-]+/.exec(flags)![0];
}

export interface DataArguments {
  readonly data?: string | undefined;
}

export function addData(command: Command): Command {
  return add(
    command,
    'simple',
    new Option(
      '--data <name>',
      'mnist, digits (drawn by nudge, no file needed) or a folder with MNIST files; default: mnist where it is found, else digits',
    ),
  );
}

export interface JsonArguments {
  readonly json?: string | undefined;
}

export function addJson(command: Command): Command {
  return add(
    command,
    'simple',
    new Option('--json <file>', 'write a report; - writes it to stdout, and nothing else there'),
  );
}

export const presetNames = Object.keys(presets);

export function addPreset(command: Command): Command {
  return add(
    command,
    'simple',
    choice('--preset <name>', 'a network and how to train it', presetNames),
  );
}

/** The parts of a network; `layers` is a list of words here, which {@link networkArguments} makes sizes. */
export type RawNetworkArguments = Omit<NetworkArguments, 'layers'> & {
  readonly layers?: readonly string[];
};

export function addNetwork(command: Command, group: Group): Command {
  add(command, group, new Option('--layers <sizes...>', 'layer sizes, input first: 784,16,16,10'));
  add(command, group, choice('--activation <name>', 'of the hidden layers', activations));
  add(command, group, choice('--output <name>', 'activation of the last layer', outputs));
  return add(command, group, choice('--cost <name>', 'what training makes small', costs));
}

export function addInit(command: Command): Command {
  return add(
    command,
    'advanced',
    choice('--init <name>', 'how the first weights are drawn', initializers),
  );
}

/** @throws {UsageError} for layers that are no list of whole numbers */
export function networkArguments<Raw extends RawNetworkArguments>(
  raw: Raw,
): Omit<Raw, 'layers'> & NetworkArguments {
  return { ...raw, layers: raw.layers && parseLayers(raw.layers.join(' ')) };
}

export interface RuntimeArguments {
  readonly backend?: Backend | 'auto';
  readonly runtime?: RuntimeChoice;
  readonly browser?: string;
}

export function addBackend(command: Command): Command {
  return add(
    command,
    'simple',
    choice(
      '--backend <name>',
      'what computes: webgpu, cpu (float32), reference (float64), or auto, the faster of webgpu and cpu; default: auto',
      [...backends, 'auto'],
    ),
  );
}

export function addRuntime(command: Command, fallback: RuntimeChoice): Command {
  const auto = 'node where Dawn finds an adapter, else chromium';
  add(
    command,
    'advanced',
    choice(
      '--runtime <name>',
      `where WebGPU runs; ${fallback === 'auto' ? `default: auto, ${auto}` : `auto: ${auto}; default: ${fallback}`}`,
      runtimes,
    ),
  );
  return add(
    command,
    'advanced',
    new Option('--browser <path>', 'the browser to use, instead of the one that is found'),
  );
}

/** Examples and exit codes, below the options. */
export function addHelp(command: Command, ...examples: readonly string[]): Command {
  const lines = examples.map((example) => `  ${example}`).join('\n');
  return command
    .optionsGroup(groups.simple)
    .helpOption('-h, --help', 'show this help')
    .addHelpText('after', `\nExamples:\n${lines}\n\n${exitCodeHelp}`);
}
