/** The worker's tasks. */
import { LocalLab } from '../../benchmark/lab.ts';
import type { JobData } from '../../benchmark/trainJob.ts';
import { verify } from '../../benchmark/verification/verify.ts';
import { digitsRange } from '../../data/digits/digits.ts';
import { generateDigits, loadPageData, readFiles } from '../pageData.ts';
import { describeData } from './describeData.ts';
import { peerLoader } from './peers.ts';
import type { TaskFunctions } from './messages.ts';
import type { DataSource, Tasks } from './protocol.ts';

/** Samples that the checks train on. */
const verifiedSamples = 1000;

/** The latest data, for the next run. */
let loaded: { readonly key: string; readonly data: JobData } | undefined;
/** undefined until `open`. */
let lab: LocalLab | undefined;
const hidden = new AbortController();

const data: TaskFunctions<Tasks>['data'] = async (source, { signal, emit }) => {
  const key = JSON.stringify(source.kind === 'files' ? [source.id, source.samples] : source);
  if (loaded?.key !== key) {
    // The memory may not suffice for two sets at a time.
    loaded = undefined;
    const onProgress = (done: number) => emit({ type: 'data', done });
    loaded = { key, data: await readData(source, onProgress, signal) };
  }
  return loaded.data;
};

export const tasks: TaskFunctions<Tasks> = {
  data,
  hide: () => {
    hidden.abort();
    return Promise.resolve();
  },
  load: async (source, context) => describeData(await data(source, context)),
  open: async ({ training, test, ...opening }, { port }) => {
    lab = new LocalLab({ training, test, loadPeer: peerLoader(port), hidden: hidden.signal });
    return await lab.open(opening);
  },
  watch: async (looks) => await lab!.watch(looks),
  probe: async (_, { signal, emit }) => await lab!.probe({ signal, onEvent: emit }),
  measure: async (task, { signal, emit }) => await lab!.measure(task, { signal, onEvent: emit }),
  trainToAccuracy: async (task, { signal, emit }) =>
    await lab!.trainToAccuracy(task, { signal, onEvent: emit }),
  verify: ({ seed, rounds }, { signal, emit }) =>
    verify({
      data: digitsRange(1, 'training', 0, verifiedSamples),
      seed,
      rounds,
      signal,
      onProgress: emit,
    }),
};

function readData(
  source: DataSource,
  onProgress: (done: number) => void,
  signal: AbortSignal,
): Promise<JobData> {
  switch (source.kind) {
    case 'digits':
      return generateDigits(source.options ?? {}, onProgress, signal);
    case 'mnist':
      return loadPageData(source);
    case 'files':
      return readFiles(source.files, source.samples);
  }
}
