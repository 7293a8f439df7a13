/** Sentences about the adapter, errors and progress. Pure functions. */
import type { Phase } from '../benchmark/events.ts';
import type { BackendName } from '../benchmark/result/schema.ts';
import {
  DeviceLostError,
  LimitError,
  NoAdapterError,
  NudgeError,
  OutOfMemoryError,
  ThreadLostError,
} from '../errors.ts';
import { adapterName, type AdapterDescription } from '../gpu/adapter.ts';
import { onBackend } from './backendNames.ts';

export function adapterSentence(adapter: AdapterDescription): string {
  const { vendor, architecture, description, isSoftware } = adapter;
  const name =
    vendor || architecture || description
      ? `GPU: ${adapterName(adapter)}.`
      : `GPU: the browser does not name it (${isSoftware ? 'software' : 'hardware'}).`;
  if (!isSoftware) return name;
  return `${name} This is a software adapter: it computes on the CPU, so its speed is not that of a GPU.`;
}

/** The messages of these errors advise programmers. This is advice for readers of the page. */
const adviceByClass: readonly (readonly [Class: typeof NudgeError, advice: string])[] = [
  [
    NoAdapterError,
    'The browser gave this page no GPU. Reload the page; if that does not help, restart the browser. The CPU can be ' +
      'measured without a GPU: ?backend=cpu,cpu-1.',
  ],
  [
    LimitError,
    'This GPU’s limits are too small for this run. Choose smaller workloads: ?workloads=tiny,mid.',
  ],
  [
    OutOfMemoryError,
    'There was not enough memory. Close other pages and programs, or choose smaller workloads: ?workloads=tiny,mid.',
  ],
  [
    ThreadLostError,
    'A thread of the CPU engine was lost. Start again; if it happens again, reload the page.',
  ],
];

/** What went wrong and what to do. Errors of other classes than nudge's are bugs. */
export function errorSentence(error: unknown): string {
  if (error instanceof DeviceLostError) {
    const fact =
      error.reason === 'timeout' ? 'The GPU stopped answering.' : 'The browser lost the GPU.';
    return `${fact} Start again; if it happens again, close other pages that use the GPU, or restart the browser.`;
  }
  const known = adviceByClass.find(([Class]) => error instanceof Class);
  if (known) return known[1];
  if (error instanceof NudgeError) return error.message;
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return `Something failed unexpectedly: ${text.replace(/\.?$/, '.')} This is a bug in nudge; please report it.`;
}

const phases: Readonly<Record<Phase, string>> = {
  prepare: 'Getting ready',
  wait: 'Waiting until other programs leave the processor idle',
  compile: 'Compiling',
  verify: 'Checking the first step against the reference',
  'warm-up': 'Warming up',
  measure: 'Measuring',
  evaluate: 'Evaluating',
  accuracy: 'Training to an accuracy',
  probe: 'Measuring the GPU’s limits',
};

export interface Doing {
  readonly phase: Phase;
  readonly workload?: string;
  readonly backend?: BackendName;
  readonly round?: number;
}

/** 'Measuring: mid on the GPU, repeat 4 of 10'. */
export function doingSentence(
  { phase, workload, backend, round }: Doing,
  { repeats, isSoftware }: { readonly repeats: number; readonly isSoftware: boolean },
): string {
  const what = [workload, backend && onBackend(backend, isSoftware)].filter(Boolean).join(' ');
  const repeat = round === undefined ? '' : `, repeat ${round} of ${repeats}`;
  return what === '' ? phases[phase] : `${phases[phase]}: ${what}${repeat}`;
}

/** '“tiny” and “mid”'; '“tiny”, “mid” and “large”'. */
export function listOf(names: readonly string[]): string {
  const quoted = names.map((name) => `“${name}”`);
  return quoted.length < 2
    ? quoted.join('')
    : `${quoted.slice(0, -1).join(', ')} and ${quoted.at(-1)!}`;
}
