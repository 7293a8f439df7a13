/** Runs the benchmark in workers, and shows its progress on the page. */
import type { BenchmarkEvent } from '../../benchmark/events.ts';
import type { BenchmarkResult } from '../../benchmark/result/schema.ts';
import type { BenchmarkSettings } from '../../benchmark/settings.ts';
import { nudgeBuild } from '../jobs/nudgeBuild.ts';
import { readPageEnvironment } from '../jobs/pageEnvironment.ts';
import { nextTask } from '../nextTask.ts';
import { doingSentence, errorSentence } from '../sentences.ts';
import type { BenchmarkWorker } from '../worker/benchmarkWorker.ts';
import { describeData } from '../worker/describeData.ts';
import type { DataDescription, DataSource } from '../worker/protocol.ts';
import { runInWorkers } from '../worker/remoteLab.ts';
import { LiveView } from './liveView.ts';
import type { RunPanel } from './runPanel.ts';

export interface BenchmarkRunOptions {
  /** Loads the data. */
  readonly worker: BenchmarkWorker;
  readonly settings: BenchmarkSettings;
  readonly data: DataSource;
  readonly resume: BenchmarkResult | undefined;
  readonly signal: AbortSignal;
  /** Aborts when the page is hidden. */
  readonly hidden: AbortSignal;
  readonly hasGpu: boolean;
  readonly isSoftware: boolean;
  readonly panel: RunPanel;
  readonly onData: (data: DataDescription) => void;
}

/** The result, or what was finished before the error. */
export interface RunOutcome {
  readonly result?: BenchmarkResult | undefined;
  readonly error?: unknown;
}

/** Share of the progress bar for generating the data. */
const dataShare = 0.02;
/** Of a run whose settings give no number of repeats. */
const defaultRepeats = 10;

/** Never throws: an error is part of the outcome. */
export async function runInWorker(options: BenchmarkRunOptions): Promise<RunOutcome> {
  const { worker, settings, data, signal, hasGpu, isSoftware, panel, onData } = options;
  let live: LiveView | undefined;
  let finished: BenchmarkResult | undefined;

  const onEvent = (event: BenchmarkEvent) => {
    live?.take(event);
    if (event.type === 'result') finished = event.result;
    if (event.type !== 'phase' || signal.aborted) return;
    const { block, workload, done } = event;
    const words = { repeats: settings.repeats ?? defaultRepeats, isSoftware };
    const doing = doingSentence(event, words);
    // Screen readers read the status, so it changes rarely: with each workload at first, then with each block.
    if (workload === undefined || block === undefined) panel.say(doing);
    else panel.say(block === 1 ? `Running “${workload}”` : `Running block ${block}`);
    panel.update(doing, dataShare + (1 - dataShare) * done);
  };

  try {
    const hostEnvironment = await readPageEnvironment();
    await nextTask();
    const wanted = settings.backends ?? ['cpu-1', 'cpu', 'webgpu'];
    const backends = wanted.filter((backend) => hasGpu || backend !== 'webgpu');
    live = new LiveView(backends, isSoftware);
    const loaded = await worker.call('data', data, {
      signal,
      onEvent: ({ done }) => panel.update('Drawing digits', dataShare * done),
    });
    onData(describeData(loaded));
    const { resume, hidden } = options;
    const result = await runInWorkers({
      ...settings,
      data: loaded,
      hasGpu,
      hostEnvironment,
      nudge: nudgeBuild,
      resume,
      signal,
      hidden,
      onEvent,
    });
    return { result };
  } catch (error) {
    return { result: finished && unfinished(finished, error), error };
  } finally {
    live?.stop();
  }
}

/** Marks what was finished before a worker failed as part of a run. */
function unfinished(result: BenchmarkResult, error: unknown): BenchmarkResult {
  const message = `The run broke off: ${errorSentence(error)}`;
  return {
    ...result,
    scores: [],
    flags: [...result.flags, { kind: 'failed', message, isVoid: true }],
  };
}
