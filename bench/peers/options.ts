/** The options of `npm run bench:peers`. */
import { join } from 'node:path';

import { Command, Option } from 'commander';

import { UsageError } from '../../src/cli/errors.ts';
import { number, whole } from '../../src/cli/options.ts';
import { parseNumber } from '../../src/cli/values.ts';
import { ConfigurationError } from '../../src/errors.ts';
import type { AdapterChoice } from '../../src/node/dawn.ts';
import { contenders } from './contenders.ts';
import { workloads } from './workloads.ts';

export interface Options {
  readonly workloads: readonly string[];
  readonly contenders: readonly string[];
  readonly browsers: readonly string[];
  readonly adapter: AdapterChoice;
  readonly adapterName?: string;
  readonly data?: string;
  readonly repeats: number;
  readonly seconds: number;
  readonly limit: number;
  readonly firstSteps: number;
  readonly timeTo?: number;
  readonly timeToSteps: number;
  readonly timeToLimit: number;
  readonly python: string | false;
  readonly out: string;
  readonly resume?: boolean;
}

/** Names separated by commas, each one of those known. */
export function list(known: readonly string[]) {
  return (text: string): readonly string[] => {
    const names = text === '' ? [] : text.split(',');
    const wrong = names.find((name) => !known.includes(name));
    if (wrong === undefined) return names;
    throw new ConfigurationError(`There is no '${wrong}'. There are: ${known.join(', ')}.`);
  };
}

/** A number of seconds, which no measurement can have none of. */
function positive(flags: string, description: string): Option {
  return new Option(flags, description).argParser((text) => {
    const name = flags.split(' ')[0]!;
    const value = parseNumber(name, text);
    if (value > 0) return value;
    throw new UsageError(`${name} takes a number greater than 0, and '${text}' was given.`);
  });
}

const workloadNames = workloads.map(({ name }) => name);
const contenderNames = contenders.map(({ name }) => name);

/** The command line. `parse` throws what commander throws, and a `ConfigurationError` for an unknown name. */
export function createProgram(): Command {
  return new Command('bench:peers')
    .description(
      'Measures nudge beside TensorFlow.js, jax-js, PyTorch and NumPy on the same work, and checks what each computed.',
    )
    .addOption(
      new Option('--workloads <names>', `of ${workloadNames.join(', ')}`)
        .argParser(list(workloadNames))
        .default(workloadNames, 'all'),
    )
    .addOption(
      new Option('--contenders <names>', `of ${contenderNames.join(', ')}`)
        .argParser(list(contenderNames))
        .default(contenderNames, 'all'),
    )
    .addOption(
      new Option('--browsers <names>', 'chromium, firefox, or paths of browsers')
        .argParser((text) => text.split(','))
        .default(['chromium', 'firefox'], 'chromium,firefox'),
    )
    .addOption(
      new Option('--adapter <kind>', 'which adapter of Chromium')
        .choices(['auto', 'hardware', 'software'])
        .default('auto'),
    )
    .option('--adapter-name <name>', 'what to call an adapter that a browser does not name')
    .option('--data <name>', 'mnist, digits or a folder; default: mnist where it is found')
    .addOption(whole('--repeats <n>', 'repeats of each measurement').default(3))
    .addOption(positive('--seconds <s>', 'of each measurement, at least').default(3))
    .addOption(positive('--limit <s>', 'after which a page counts as hanging').default(300))
    .addOption(
      whole('--first-steps <n>', 'page loads for the time to the first step; 0: none', 0).default(
        3,
      ),
    )
    .addOption(
      number(
        '--time-to <share>',
        'also trains mid until that share of the test set is right: 0.97',
      ),
    )
    .addOption(whole('--time-to-steps <n>', 'steps between two evaluations').default(200))
    .addOption(positive('--time-to-limit <s>', 'of training, then it is given up').default(900))
    .option('--python <path>', 'the interpreter that has PyTorch and NumPy', 'python3')
    .option('--no-python', 'leave Python out')
    .option('--out <folder>', 'for the results', join(import.meta.dirname, '../results'))
    .option('--resume', 'go on with what this command left unfinished in that folder')
    .exitOverride();
}

/**
 * The command as a result records it, to be typed again. Without `--out` and `--resume`: where results went, and in
 * how many goes they were made, changes nothing about them.
 */
export function commandLine(args: readonly string[]): string {
  const kept = args.filter(
    (arg, i) =>
      !['--out', '--resume'].includes(arg) && args[i - 1] !== '--out' && !arg.startsWith('--out='),
  );
  const quoted = kept.map((arg) =>
    /^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`,
  );
  return ['npm run bench:peers --', ...quoted].join(' ');
}
