/** `--plan`: reads the plan of a training from a file, or tunes it first. */
import type { TuneConfiguration, TuneEvent, TuneResult } from '../benchmark/tuneJob.ts';
import { parsePlan } from '../gpu/plan/file.ts';
import type { Plan } from '../gpu/plan/plan.ts';
import { filePlanCache } from '../node/planCache.ts';
import type { Run } from './command.ts';
import { readInput, textOf } from './files.ts';
import { runJob, type Runtime } from './runtime.ts';
import { packageVersion } from './versions.ts';

/** Seconds of tuning. */
export const defaultBudget = 5;

/** @throws {FileError | FormatError} */
export function readPlan(path: string, network: Parameters<typeof parsePlan>[1]): Promise<Plan> {
  return readInput(path, '--plan', (bytes) => parsePlan(textOf(bytes), network));
}

/**
 * Tunes a plan behind a progress bar, and keeps it in the user's cache.
 * @param isFresh whether to measure although a plan is known
 * @returns also the path of the cache, if the plan was stored there
 */
export async function tuneHere(
  run: Run,
  runtime: Runtime,
  configuration: TuneConfiguration,
  isFresh: boolean,
  onEvent?: (event: TuneEvent) => void,
): Promise<{ readonly result: TuneResult; readonly keptIn: string | undefined }> {
  const { terminal } = run;
  const [node = ''] = process.versions.node.split('.');
  const cache = filePlanCache({
    runtime: `Node ${node}, Dawn ${packageVersion('webgpu') ?? 'of unknown version'}`,
    onProblem: (line) => terminal.note(line),
  });
  const words = { ratio: '1.00', what: '' };
  const format = 'tuning [{bar}] {percentage}%  {ratio}× the default  {what}';
  const bar = terminal.bar(format, 100, words);
  const result = await runJob(
    run,
    runtime,
    'tune',
    {
      ...configuration,
      ...(runtime.page === undefined && { runtime: cache.runtime }),
      ...(!isFresh && { known: Object.fromEntries(await cache.readAll()) }),
    },
    (event) => {
      onEvent?.(event);
      if (event.type !== 'progress') return;
      bar.update(100 * event.done, { what: event.what, ratio: event.ratio.toFixed(2) });
    },
  );
  bar.stop();
  const entries = Object.entries(result.tuned);
  try {
    for (const [key, text] of entries) await cache.set(key, text);
  } catch (error) {
    // The plan itself can be used nevertheless.
    terminal.note((error as Error).message);
    return { result, keptIn: undefined };
  }
  return { result, keptIn: entries.length > 0 ? cache.path : undefined };
}

const origins = {
  cache: 'tuned before',
  shipped: 'shipped with nudge for this adapter',
  tuning: 'tuned just now',
} as const;

/** Finds or tunes the plan of `--plan tuned`, and prints where it comes from. */
export async function tunedPlan(
  run: Run,
  runtime: Runtime,
  configuration: TuneConfiguration,
): Promise<Plan> {
  const { from, tuning, plan, planFile } = (await tuneHere(run, runtime, configuration, false))
    .result;
  const isDefault = tuning?.isDefault === true ? ', nothing was faster than the default' : '';
  run.terminal.note(`Plan: ${origins[from]}${isDefault}: ${plan}.`);
  return planFile.plan;
}
