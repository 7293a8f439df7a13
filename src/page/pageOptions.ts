/**
 * What the page's address asks for: `?workloads=tiny,mid&repeats=10&seed=1&backend=webgpu,cpu&auto=1`. An address is typed
 * by hand or comes from a stranger, so every value is checked. Other parameters are left alone: search engines and social
 * networks add theirs.
 */
import { browserPeers, type OwnBackendName } from '../benchmark/result/backends.ts';
import { settingsRanges, type BenchmarkSettings } from '../benchmark/settings.ts';
import { workloads as knownWorkloads } from '../benchmark/workloads.ts';

export interface PageOptions {
  /** Default: what this adapter should run. */
  readonly workloads?: readonly string[];
  /** Default: whatever there is. */
  readonly backend?: readonly OwnBackendName[];
  readonly repeats?: number;
  /** That the repeats are cut into, each in fresh workers. */
  readonly blocks?: number;
  /** That a repeat takes, about. */
  readonly seconds?: number;
  /** Seconds that a busy machine is waited for, at most. */
  readonly wait?: number;
  readonly seed: number;
  /** A run of half a minute: fewer workloads, shorter repeats. */
  readonly quick: boolean;
  /** Whether other libraries train the same beside. */
  readonly peers: boolean;
  /** Training samples; test samples are a sixth as many, as in MNIST. */
  readonly samples: number;
  /** Whether the run starts by itself. */
  readonly auto: boolean;
}

export const defaultOptions: PageOptions = {
  seed: 1,
  quick: false,
  peers: false,
  samples: 60_000,
  auto: false,
};

const names = [
  'workloads',
  'backend',
  'repeats',
  'blocks',
  'seconds',
  'wait',
  'seed',
  'quick',
  'peers',
  'samples',
  'auto',
] as const satisfies readonly (keyof PageOptions)[];

type OptionName = (typeof names)[number];

const workloadNames = knownWorkloads.map(({ name }) => name);
const backends: readonly OwnBackendName[] = ['webgpu', 'cpu', 'cpu-1'];

/** Options that hold a whole number, with the least and the most it may be. */
const ranges = {
  repeats: settingsRanges.repeats,
  blocks: settingsRanges.blocks,
  wait: settingsRanges.waitSeconds,
  seed: [0, 2 ** 32 - 1],
  samples: [100, 60_000],
} as const;

type Draft = { -readonly [Name in keyof PageOptions]: PageOptions[Name] };

/**
 * Reads a query string. A value that makes no sense leaves its option at the default and gives a sentence; parameters that
 * are not the page's are ignored.
 * @param search as `location.search` has it
 */
export function readPageOptions(search: string): {
  options: PageOptions;
  problems: readonly string[];
} {
  const problems: string[] = [];
  const options: Draft = { ...defaultOptions };
  const parameters = new URLSearchParams(search);
  for (const name of names) {
    const [value, ...others] = parameters.getAll(name);
    if (value === undefined) continue;
    const problem = readOption(options, name, value);
    if (problem !== undefined) {
      problems.push(`The address has ${quote(`${name}=${value}`)}, but ${problem}.`);
    }
    if (others.length > 0) {
      problems.push(`The address has ${name} more than once; only the first one counts.`);
    }
  }
  if (problems.length > 0) problems.push('Correct the address, or go on with the defaults.');
  return { options, problems };
}

/** What the options say of the run itself. */
export function settingsOf(options: PageOptions): BenchmarkSettings {
  const { workloads, backend, repeats, blocks, seconds, wait, seed, quick, peers } = options;
  return {
    workloads,
    backends: backend,
    repeats,
    blocks,
    repeatSeconds: seconds,
    waitSeconds: wait,
    seed,
    quick,
    ...(peers && { peers: browserPeers }),
  };
}

/** Sets one option, or says what is wrong with it. */
function readOption(options: Draft, name: OptionName, value: string): string | undefined {
  switch (name) {
    case 'workloads': {
      const list = readList(value, workloadNames);
      if (!list) return `workloads must be one or more of ${workloadNames.join(', ')}, each once`;
      options.workloads = list;
      return undefined;
    }
    case 'backend': {
      const list = readList(value, backends);
      if (!list) return `backend must be one or more of ${backends.join(', ')}, each once`;
      options.backend = list;
      return undefined;
    }
    case 'repeats':
    case 'blocks':
    case 'wait':
    case 'seed':
    case 'samples': {
      const [min, max] = ranges[name];
      // Digits alone: Number() also reads '', '1e3' and '0x10'.
      const number = /^\d{1,10}$/.test(value) ? Number(value) : NaN;
      if (!(number >= min && number <= max)) {
        return `${name} must be a whole number from ${min} to ${max}`;
      }
      options[name] = number;
      return undefined;
    }
    case 'seconds': {
      const [min, max] = settingsRanges.repeatSeconds;
      const number = /^\d{1,3}(\.\d{1,6})?$/.test(value) ? Number(value) : NaN;
      if (!(number >= min && number <= max)) {
        return `seconds must be a number from ${min} to ${max}`;
      }
      options.seconds = number;
      return undefined;
    }
    case 'quick':
    case 'peers':
    case 'auto':
      if (value !== '0' && value !== '1') return `${name} must be 0 or 1`;
      options[name] = value === '1';
      return undefined;
  }
}

function readList<Name extends string>(
  value: string,
  known: readonly Name[],
): readonly Name[] | undefined {
  const list = value.split(',');
  const isKnown = (name: string): name is Name => (known as readonly string[]).includes(name);
  return list.every(isKnown) && new Set(list).size === list.length ? list : undefined;
}

/** What a stranger wrote, in quotation marks and short enough to read around. */
function quote(text: string): string {
  return `‘${text.length > 60 ? `${text.slice(0, 59)}…` : text}’`;
}
