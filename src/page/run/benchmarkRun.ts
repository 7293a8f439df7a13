/** One run of the benchmark in the worker, with what the page shows meanwhile. */
import type { BenchmarkEvent } from '../../benchmark/events.ts';
import type { BenchmarkResult, OwnBackendName } from '../../benchmark/result/schema.ts';
import type { BenchmarkSettings } from '../../benchmark/settings.ts';
import { byId } from '../elements.ts';
import { watchHidden } from '../hiddenSignal.ts';
import { nudgeBuild } from '../jobs/nudgeBuild.ts';
import { readPageEnvironment } from '../jobs/pageEnvironment.ts';
import { nextTask } from '../nextTask.ts';
import { doingSentence, errorSentence } from '../sentences.ts';
import type { BenchmarkWorker } from '../worker/benchmarkWorker.ts';
import { describeData } from '../worker/describeData.ts';
import type { DataDescription, DataSource } from '../worker/protocol.ts';
import type { LiveView } from './liveView.ts';
import type { RunPanel } from './runPanel.ts';

export interface BenchmarkRunOptions {
  readonly worker: BenchmarkWorker;
  readonly settings: BenchmarkSettings;
  readonly data: DataSource;
  readonly resume?: BenchmarkResult | undefined;
  readonly signal: AbortSignal;
  readonly hasGpu: boolean;
  readonly isSoftware: boolean;
  readonly panel: RunPanel;
  readonly onData: (data: DataDescription) => void;
}

/** How a run ended: with all of its result or with what was finished by then, and with what went wrong if something did. */
export interface RunOutcome {
  readonly result?: BenchmarkResult | undefined;
  readonly error?: unknown;
}

/** Share of the bar that generating the data takes. */
const dataShare = 0.02;
/** Of a backend that the caller says nothing of. */
const defaultRepeats = 10;

/** Never throws: what goes wrong is part of the outcome, beside what was finished before. */
export async function runInWorker(options: BenchmarkRunOptions): Promise<RunOutcome> {
  const { worker, settings, data, resume, signal, hasGpu, isSoftware, panel, onData } = options;
  const hidden = watchHidden();
  let live: LiveView | undefined;
  let finished: BenchmarkResult | undefined;

  const take = (event: BenchmarkEvent) => {
    live?.take(event);
    if (event.type === 'result') finished = event.result;
    if (event.type !== 'phase' || signal.aborted) return;
    const { block, workload, done } = event;
    const words = { repeats: settings.repeats ?? defaultRepeats, isSoftware };
    // Read out when it changes, which is seldom: at each workload at first, then at each block.
    if (workload === undefined || block === undefined) panel.say(doingSentence(event, words));
    else panel.say(block === 1 ? `Running “${workload}”` : `Running block ${block}`);
    panel.update(doingSentence(event, words), dataShare + (1 - dataShare) * done);
  };

  try {
    const hostEnvironment = await readPageEnvironment();
    const { LiveView } = await import('./liveView.ts');
    await nextTask();
    live = new LiveView(byId('live', HTMLElement), backendsOf(settings, hasGpu), isSoftware);
    const loaded = await worker.call('data', data, {
      signal,
      onEvent: ({ done }) => panel.update('Drawing digits', dataShare * done),
    });
    onData(describeData(loaded));
    const { runInWorkers } = await import('../worker/remoteLab.ts');
    const result = await runInWorkers({
      ...settings,
      data: loaded,
      hasGpu,
      hostEnvironment,
      nudge: nudgeBuild,
      resume,
      signal,
      hidden: hidden.signal,
      onEvent: take,
    });
    return { result };
  } catch (error) {
    return { result: finished && unfinished(finished, error), error };
  } finally {
    hidden.dispose();
    live?.dispose();
  }
}

/** What was finished before the worker failed; it had no more chance to say that there is more to come. */
function unfinished(result: BenchmarkResult, error: unknown): BenchmarkResult {
  const message = `The run broke off: ${errorSentence(error)}`;
  return {
    ...result,
    scores: [],
    flags: [...result.flags, { kind: 'failed', message, isVoid: true }],
  };
}

function backendsOf({ backends }: BenchmarkSettings, hasGpu: boolean): readonly OwnBackendName[] {
  const wanted = backends ?? ['cpu-1', 'cpu', 'webgpu'];
  return hasGpu ? wanted : wanted.filter((backend) => backend !== 'webgpu');
}
