/**
 * The options in the page's address: `?workloads=tiny,mid&repeats=10&seed=1&backend=webgpu,cpu&auto=1`. An address may be
 * mistyped or come from a stranger, so every value is checked. Search engines and social networks add parameters of their
 * own, which are ignored.
 */
import { browserPeers, ownBackends } from '../benchmark/result/backends.ts';
import { settingsRanges, type BenchmarkSettings } from '../benchmark/settings.ts';
import { workloads as knownWorkloads } from '../benchmark/workloads.ts';

/** How an option is read from text; `read` returns undefined for an invalid value. */
interface Reader<Value> {
  readonly read: (text: string) => Value | undefined;
  readonly rule: string;
}

function list<Name extends string>(known: readonly Name[]): Reader<readonly Name[]> {
  const isKnown = (name: string): name is Name => (known as readonly string[]).includes(name);
  return {
    read: (text) => {
      const names = text.split(',');
      return names.every(isKnown) && new Set(names).size === names.length ? names : undefined;
    },
    rule: `one or more of ${known.join(', ')}, each once`,
  };
}

/** @param pattern excludes what Number() reads too: '', '1e3', '0x10' */
function number(
  [min, max]: readonly [number, number],
  kind = 'a whole number',
  pattern = /^\d{1,10}$/,
): Reader<number> {
  return {
    read: (text) => {
      const value = pattern.test(text) ? Number(text) : NaN;
      return value >= min && value <= max ? value : undefined;
    },
    rule: `${kind} from ${min} to ${max}`,
  };
}

const flag: Reader<boolean> = {
  read: (text) => (text === '0' || text === '1' ? text === '1' : undefined),
  rule: '0 or 1',
};

const readers = {
  /** Default: the workloads that suit the adapter. */
  workloads: list(knownWorkloads.map(({ name }) => name)),
  /** Default: all that are available. */
  backend: list(ownBackends.toReversed()),
  repeats: number(settingsRanges.repeats),
  /** The repeats are divided into blocks, each in fresh workers. */
  blocks: number(settingsRanges.blocks),
  /** The approximate length of a repeat. */
  seconds: number(settingsRanges.repeatSeconds, 'a number', /^\d{1,3}(\.\d{1,6})?$/),
  /** The longest time to wait for a busy machine, in seconds. */
  wait: number(settingsRanges.waitSeconds),
  seed: number([0, 2 ** 32 - 1]),
  /** A run of half a minute, with fewer workloads and shorter repeats. */
  quick: flag,
  /** Whether other libraries train the same workloads. */
  peers: flag,
  /** Training samples. There are a sixth as many test samples, as in MNIST. */
  samples: number([100, 60_000]),
  /** Whether the run starts by itself. */
  auto: flag,
} satisfies Readonly<Record<string, Reader<unknown>>>;

type Values = {
  readonly [Name in keyof typeof readers]: NonNullable<ReturnType<(typeof readers)[Name]['read']>>;
};
type DefaultName = 'seed' | 'quick' | 'peers' | 'samples' | 'auto';
export type PageOptions = Partial<Values> & Pick<Values, DefaultName>;

export const defaultOptions: PageOptions = {
  seed: 1,
  quick: false,
  peers: false,
  samples: 60_000,
  auto: false,
};

/**
 * Reads a query string. An invalid value leaves its option at the default and adds a sentence to the problems.
 * @param search `location.search`
 */
export function readPageOptions(search: string): {
  options: PageOptions;
  problems: readonly string[];
} {
  const problems: string[] = [];
  const found: Record<string, unknown> = {};
  const parameters = new URLSearchParams(search);
  for (const [name, { read, rule }] of Object.entries<Reader<unknown>>(readers)) {
    const [text, ...others] = parameters.getAll(name);
    if (text === undefined) continue;
    const value = read(text);
    if (value === undefined) {
      problems.push(`The address has ${quote(`${name}=${text}`)}, but ${name} must be ${rule}.`);
    } else {
      found[name] = value;
    }
    if (others.length > 0) {
      problems.push(`The address has ${name} more than once; only the first one counts.`);
    }
  }
  if (problems.length > 0) problems.push('Correct the address, or go on with the defaults.');
  return { options: { ...defaultOptions, ...found }, problems };
}

/** The options of the run itself. */
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

/** Quotes a stranger's text, shortened. */
function quote(text: string): string {
  return `‘${text.length > 60 ? `${text.slice(0, 59)}…` : text}’`;
}
