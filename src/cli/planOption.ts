/** `--plan`: the plan that a training goes by, tuned first where it has to be. */
import { Option } from 'commander';

import type { TrainConfiguration } from '../benchmark/trainJob.ts';
import type { TuneConfiguration, TuneEvent, TuneResult } from '../benchmark/tuneJob.ts';
import type { Plan } from '../gpu/plan/plan.ts';
import { parsePlan } from '../gpu/plan/file.ts';
import { filePlanCache } from '../node/planCache.ts';
import type { Run } from './context.ts';
import { readInput, reasonOf } from './files.ts';
import type { Runtime } from './runtime.ts';
import type { Terminal } from './terminal.ts';
import { packageVersion } from './versions.ts';

/** Seconds. */
export const defaultBudget = 5;

export const planOption = () =>
  new Option(
    '--plan <which>',
    `webgpu: default, tuned (the fastest, found in ${defaultBudget} s the first time and kept) or a file of nudge tune; default: default`,
  );

/** The file of tuned plans, whose problems are told to the user. */
export function openPlanCache(terminal: Terminal) {
  return filePlanCache({ runtime: nodeRuntimeName(), onProblem: (line) => terminal.note(line) });
}

/** What runs the shaders in Node: 'Node 22, Dawn 0.6.2'. */
function nodeRuntimeName(): string {
  const [node = ''] = process.versions.node.split('.');
  return `Node ${node}, Dawn ${packageVersion('webgpu') ?? 'of unknown version'}`;
}

/** Whether it names a file rather than a way to find a plan. */
export function isPlanFile(which: string | undefined): which is string {
  return which !== undefined && which !== 'default' && which !== 'tuned';
}

/**
 * Reads the plan of `--plan FILE`.
 * @returns undefined where the plan is not in a file
 * @throws {FileError | FormatError}
 */
export async function readPlan(
  which: string | undefined,
  network: Parameters<typeof parsePlan>[1],
): Promise<Plan | undefined> {
  if (!isPlanFile(which)) return undefined;
  const bytes = await readInput(which, '--plan');
  return parsePlan(new TextDecoder().decode(bytes), network);
}

/**
 * Tunes a plan by the runtime, with a bar, and keeps it.
 * @param isFresh whether to measure even where a plan is known
 * @param onEvent also takes what is measured
 * @returns also the path of the cache, where the plan could be kept there
 */
export async function tuneHere(
  { terminal, interrupt }: Pick<Run, 'terminal' | 'interrupt'>,
  runtime: Runtime,
  configuration: Omit<TuneConfiguration, 'runtime' | 'known'>,
  isFresh: boolean,
  onEvent?: (event: TuneEvent) => void,
): Promise<{ readonly result: TuneResult; readonly keptIn: string | undefined }> {
  const cache = openPlanCache(terminal);
  const bar = terminal.bar('tuning [{bar}] {percentage}%  {ratio}× the default  {what}', 100, {
    ratio: '1.00',
    what: '',
  });
  let result: TuneResult;
  try {
    result = await runtime.run(
      'tune',
      {
        ...configuration,
        ...(runtime.facts.name === 'node' && { runtime: cache.runtime }),
        ...(!isFresh && { known: Object.fromEntries(await cache.readAll()) }),
      },
      {
        signal: interrupt.signal,
        onEvent: (event) => {
          onEvent?.(event);
          if (event.type !== 'progress') return;
          bar.update(100 * event.done, { what: event.what, ratio: event.ratio.toFixed(2) });
        },
      },
    );
  } finally {
    bar.stop();
  }
  const entries = Object.entries(result.tuned);
  try {
    for (const [key, text] of entries) await cache.set(key, text);
  } catch (error) {
    // The plan itself is good all the same.
    terminal.note(`The plan could not be kept in ${cache.path}: ${reasonOf(error)}.`);
    return { result, keptIn: undefined };
  }
  return { result, keptIn: entries.length > 0 ? cache.path : undefined };
}

const origins = {
  cache: 'tuned before',
  shipped: 'the one that nudge brings along for this adapter',
  tuning: 'tuned just now',
} as const;

/** The plan of `--plan tuned`; the user is told where it is from. */
export async function tunedPlan(
  run: Pick<Run, 'terminal' | 'interrupt'>,
  runtime: Runtime,
  configuration: Omit<TuneConfiguration, 'runtime' | 'known'>,
): Promise<Plan> {
  const { result } = await tuneHere(run, runtime, configuration, false);
  const { from, tuning, plan, planFile } = result;
  const isDefault = tuning?.isDefault === true ? ', and nothing was faster than the default' : '';
  run.terminal.note(`Plan: ${origins[from]}${isDefault}: ${plan}.`);
  return planFile.plan;
}

/** What tuning needs to know of a training. */
export function tuneConfiguration(
  network: TuneConfiguration['network'],
  training: Omit<TrainConfiguration, 'network'>,
  budgetSeconds: number,
): Omit<TuneConfiguration, 'runtime' | 'known'> {
  const { batchSize, optimizer, learningRate, momentum, weightDecay, clipNorm } = training;
  return {
    network,
    batchSize,
    learningRate,
    ...(optimizer && { optimizer }),
    momentum,
    ...(weightDecay !== undefined && { weightDecay }),
    ...(clipNorm !== undefined && { clipNorm }),
    budgetMs: 1000 * budgetSeconds,
  };
}
