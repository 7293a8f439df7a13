/**
 * What the page's address asks for: `?presets=lecture,modern&epochs=1&seed=1&samples=2000&auto=1`. A run is a
 * link that way. An address is typed by hand or passed on by strangers, so nothing in it is believed unread.
 */
import { presets as knownPresets, type PresetName } from '../network/presets.ts';

export interface PageOptions {
  readonly presets: readonly PresetName[];
  readonly epochs: number;
  readonly seed: number;
  /** Training samples; test samples are a sixth as many, as in MNIST. */
  readonly samples: number;
  /** Whether training starts by itself. */
  readonly auto: boolean;
}

export const defaultOptions: PageOptions = {
  presets: ['lecture', 'modern'],
  epochs: 1,
  seed: 1,
  samples: 60_000,
  auto: false,
};

/** Options that hold a whole number, with the least and the most it may be. */
const ranges = {
  epochs: [1, 100],
  seed: [0, 2 ** 32 - 1],
  samples: [100, 60_000],
} as const;

/**
 * Reads a query string. What makes no sense is left at its default and said in a sentence.
 * @param search as `location.search` has it
 */
export function readPageOptions(search: string): {
  options: PageOptions;
  problems: readonly string[];
} {
  const problems: string[] = [];
  const options: { -readonly [Name in keyof PageOptions]: PageOptions[Name] } = {
    ...defaultOptions,
  };
  const seen = new Set<string>();
  for (const [name, value] of new URLSearchParams(search)) {
    const problem = seen.has(name) ? 'it is there twice' : readOption(options, name, value);
    seen.add(name);
    if (problem !== undefined) {
      problems.push(`The address says ${quote(`${name}=${value}`)}, and ${problem}.`);
    }
  }
  if (problems.length > 0)
    problems.push('What makes no sense is left out; correct the address to have it.');
  return { options, problems };
}

/** Sets one option, or says what is wrong with it. */
function readOption(
  options: { -readonly [Name in keyof PageOptions]: PageOptions[Name] },
  name: string,
  value: string,
): string | undefined {
  switch (name) {
    case 'presets': {
      const names = value.split(',');
      if (!names.every(isPreset) || new Set(names).size < names.length) {
        return `presets is a list without repetition of ${Object.keys(knownPresets).join(', ')}`;
      }
      options.presets = names;
      return undefined;
    }
    case 'epochs':
    case 'seed':
    case 'samples': {
      const [least, most] = ranges[name];
      // Digits alone: Number() also reads '', '1e3' and '0x10'.
      const number = /^\d{1,10}$/.test(value) ? Number(value) : NaN;
      if (!(number >= least && number <= most)) {
        return `${name} is a whole number from ${least} to ${most}`;
      }
      options[name] = number;
      return undefined;
    }
    case 'auto':
      if (value !== '0' && value !== '1') return 'auto is 0 or 1';
      options.auto = value === '1';
      return undefined;
    default:
      return `it can say ${Object.keys(defaultOptions).join(', ')}`;
  }
}

function isPreset(name: string): name is PresetName {
  return Object.hasOwn(knownPresets, name);
}

/** What a stranger wrote, in quotation marks and short enough to read around. */
function quote(text: string): string {
  return `‘${text.length > 60 ? `${text.slice(0, 59)}…` : text}’`;
}
