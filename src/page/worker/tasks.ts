/** What the worker does when it is asked to. */
import { runBenchmark } from '../../benchmark/runBenchmark.ts';
import type { WorkData } from '../../benchmark/trainJob.ts';
import { verify } from '../../benchmark/verification/verify.ts';
import { digitsRange } from '../../data/digits/digits.ts';
import { generateDigits, loadPageData, readFiles } from '../pageData.ts';
import { loadPeer } from './peers.ts';
import type { DataDescription, DataSource, TaskName, Tasks } from './protocol.ts';

interface TaskContext<Event> {
  readonly signal: AbortSignal;
  /** Aborts when the page is not looked at any more. */
  readonly hidden: AbortSignal;
  readonly emit: (event: Event) => void;
}

type Task<Name extends TaskName> = (
  args: Tasks[Name]['arguments'],
  context: TaskContext<Tasks[Name]['event']>,
) => Promise<Tasks[Name]['value']>;

/** Samples that the checks train on. */
const verifiedSamples = 1000;

/** Samples of which a reader sees some: enough that there are three of each digit. */
const previewCount = 200;

/** What was loaded last, for the next run. */
let loaded: { readonly key: string; readonly data: WorkData } | undefined;

const load: Task<'load'> = async (source, { signal, emit }) =>
  describe(await loadData(source, (done) => emit({ type: 'data', done }), signal));

const run: Task<'run'> = async ({ settings, data: source, ...rest }, { signal, hidden, emit }) => {
  const data = await loadData(source, (done) => emit({ type: 'data', done }), signal);
  emit({ type: 'loaded', data: describe(data) });
  const told = { signal, hidden, onEvent: emit };
  return await runBenchmark({ ...settings, ...rest, ...data, ...told, loadPeer });
};

const check: Task<'verify'> = ({ seed, rounds }, { signal, emit }) =>
  verify({
    data: digitsRange(1, 'training', 0, verifiedSamples),
    seed,
    rounds,
    signal,
    onProgress: emit,
  });

export const tasks: { readonly [Name in TaskName]: Task<Name> } = { load, run, verify: check };

async function loadData(
  source: DataSource,
  onProgress: (done: number) => void,
  signal: AbortSignal,
): Promise<WorkData> {
  const key = JSON.stringify(source.kind === 'files' ? [source.id, source.samples] : source);
  if (loaded?.key !== key) {
    // Two sets at a time may be more than there is memory for.
    loaded = undefined;
    loaded = { key, data: await readData(source, onProgress, signal) };
  }
  return loaded.data;
}

function readData(
  source: DataSource,
  onProgress: (done: number) => void,
  signal: AbortSignal,
): Promise<WorkData> {
  switch (source.kind) {
    case 'digits':
      return generateDigits(source.options ?? {}, onProgress, signal);
    case 'mnist':
      return loadPageData(source);
    case 'files':
      return readFiles(source.files, source.samples);
  }
}

function describe({ training, test }: WorkData): DataDescription {
  const { name, sampleCount, featureCount, features, labels } = training;
  const count = Math.min(previewCount, sampleCount);
  return {
    name,
    trainingCount: sampleCount,
    testCount: test.sampleCount,
    // Copies: a view would take the whole set along.
    preview: { features: features.slice(0, count * featureCount), labels: labels.slice(0, count) },
  };
}
