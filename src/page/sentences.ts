/** What the page says before and while it runs: pure functions to English. */
import { NudgeError } from '../errors.ts';
import { adapterName, type AdapterDescription } from '../gpu/adapter.ts';
import type { Phase } from '../benchmark/events.ts';
import type { SideName } from '../benchmark/result/schema.ts';
import { onSide } from './sides.ts';

/** Which adapter it is. */
export function adapterSentence(adapter: AdapterDescription): string {
  const { vendor, architecture, description, isSoftware } = adapter;
  const which =
    vendor || architecture || description
      ? `GPU: ${adapterName(adapter)}.`
      : `The GPU does not say its name (${isSoftware ? 'software' : 'hardware'}).`;
  if (!isSoftware) return which;
  return `${which} This is a software adapter: it computes on the CPU, and says nothing about a GPU.`;
}

/** What went wrong, for people. Errors that are not nudge's own are bugs, and said to be. */
export function errorSentence(error: unknown): string {
  if (error instanceof NudgeError) return error.message;
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return `Something went wrong that should not have: ${text.replace(/\.?$/, '.')} This is a bug in nudge; please report it.`;
}

const doing: Readonly<Record<Phase, string>> = {
  prepare: 'Getting ready',
  wait: 'Waiting for other programs to leave the processor alone',
  compile: 'Compiling',
  verify: 'Holding the first step against the reference',
  'warm-up': 'Warming up',
  measure: 'Measuring',
  evaluate: 'Evaluating',
  accuracy: 'Training up to an accuracy',
  probe: 'Measuring the adapter’s own limits',
};

export interface Doing {
  readonly phase: Phase;
  readonly workload?: string;
  readonly side?: SideName;
  readonly round?: number;
}

/** What is being done: 'Measuring: mid on the GPU, repeat 4 of 10'. */
export function doingSentence(
  { phase, workload, side, round }: Doing,
  { repeats, isSoftware }: { readonly repeats: number; readonly isSoftware: boolean },
): string {
  const what = [workload, side && onSide(side, isSoftware)].filter(Boolean).join(' ');
  const which = round === undefined ? '' : `, repeat ${round} of ${repeats}`;
  return what === '' ? doing[phase] : `${doing[phase]}: ${what}${which}`;
}

/** '“tiny” and “mid”'; '“tiny”, “mid” and “large”'. */
export function listOf(names: readonly string[]): string {
  const quoted = names.map((name) => `“${name}”`);
  return quoted.length < 2
    ? quoted.join('')
    : `${quoted.slice(0, -1).join(', ')} and ${quoted.at(-1)!}`;
}
