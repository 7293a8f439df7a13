/** `nudge tune`. */
import { isDeepStrictEqual } from 'node:util';

import * as v from 'valibot';

import type { TuneConfiguration, TuneEvent, TuneResult } from '../../benchmark/tuneJob.ts';
import { adapterName } from '../../gpu/adapter.ts';
import type { LedgerEntry } from '../../gpu/plan/tuning/ledger.ts';
import { escapeInvisible, showJson } from '../../network/arguments.ts';
import { processorName } from '../../node/nodeEnvironment.ts';
import type { CommandDefinition, Run } from '../command.ts';
import { configureTraining, optionsOf, type TrainArguments } from '../configure.ts';
import { UsageError } from '../errors.ts';
import { parseJson, prepareOutputs, readInput, writeAll, textOf } from '../files.ts';
import * as option from '../options.ts';
import { defaultBudget, tuneHere } from '../planOption.ts';
import { openRuntime } from '../runtime.ts';
import { formatJson, formatSeconds, formatTable, plural } from '../table.ts';

type TuneOptions = Omit<TrainArguments, 'backend' | 'plan'> &
  Omit<option.SharedArguments, 'backend'> & {
    readonly budget?: number;
    readonly out?: string;
    readonly resume?: string;
  };

/** Settings that `--resume` takes from its file. */
const settings: (keyof TuneOptions)[] = [
  ...(['preset', 'layers', 'activation', 'output', 'cost'] as const),
  ...(['batchSize', 'optimizer', 'seed'] as const),
];

export const tune: CommandDefinition<TuneOptions> = {
  name: 'tune',
  summary: 'find the fastest plan for a network on this adapter',
  description: `Measures which kernels and tile sizes are fastest for a network's training step on this adapter. Each candidate's gradient is first compared with the float64 reference. The default plan stays unless another one is clearly faster. The plan is stored for nudge train --plan tuned. Run nothing else meanwhile.

Ctrl-C ends the tuning with the best plan so far; a second one ends at once and stores nothing. With --resume, a tuning that was stopped, failed or ran out of its budget continues from its --json report and does not repeat its measurements.`,
  simple: [
    option.preset(),
    option.seconds('--budget <s>', `approximate duration in seconds; default: ${defaultBudget}`),
    option.text('--out <file>', 'write the plan, for --plan <file>'),
    option.json(),
    option.resume('an unfinished tuning from its --json; --budget then covers both', settings),
  ],
  advanced: [
    ...option.network(),
    option.batchSize(),
    option.optimizer(),
    option.seed('seed of the weights that candidates are checked with; default: 1'),
    ...option.runtime(),
  ],
  examples: [
    'nudge tune                                      the lecture network',
    'nudge tune --preset wide --budget 60 --out wide.plan.json --json tune.json',
    'nudge tune --resume tune.json --json tune.json --budget 120',
    'nudge tune --layers 784,256,10 --batch-size 256 --runtime firefox',
  ],
  onInterrupt: 'Ending with the best plan so far. Press Ctrl-C again to end at once.',
  work: runTune,
};

async function runTune(run: Run, options: TuneOptions): Promise<void> {
  const { terminal } = run;
  const { budget, json, resume } = options;
  const { out } = await prepareOutputs(json, { out: options.out });
  const earlier = resume === undefined ? undefined : await readEarlier(resume);
  const configuration = earlier
    ? { ...earlier.configuration, ...(budget !== undefined && { budgetMs: 1000 * budget }) }
    : configure(options);
  const runtime = await openRuntime(run, {
    runtime: options.runtime ?? earlier?.runtime.name,
    browser: options.browser ?? earlier?.runtime.browserPath,
    backend: 'webgpu',
    // Tuning generates its own inputs, but a runtime needs a data source.
    source: { kind: 'digits', options: { trainingCount: 10, testCount: 10 } },
  });
  const machine = { runtime: runtime.facts, processor: processorName() };
  if (earlier) requireSame(machine, earlier);
  const measured: LedgerEntry[] = [...(earlier?.measured ?? [])];
  let key = earlier?.key;
  const onEvent = (event: TuneEvent) => {
    if (event.type === 'start') key = event.key;
    if (event.type === 'measured') measured.push(event.entry);
  };
  const report = async (isComplete: boolean, outcome: object) => {
    await run.report({ configuration, ...machine, key, isComplete, ...outcome, measured });
    if (isComplete || json === undefined || json === '-') return;
    terminal.note(`Continue with --resume ${json}.`);
  };
  const record = earlier && { resume: { key: earlier.key, measured: earlier.measured } };
  const { result, keptIn } = await tuneHere(
    run,
    runtime,
    { ...configuration, ...record },
    true,
    onEvent,
  ).catch(async (error: unknown) => {
    if (key !== undefined && measured.length > 0) await report(false, {});
    throw error;
  });
  const { adapter, from, planFile, plan, tuning } = result;
  terminal.result(...describeTuning(result));
  if (keptIn !== undefined) terminal.note(`Stored for --plan tuned in ${keptIn}.`);
  const writePlan = async () => {
    if (!out) return;
    await out.write(`${formatJson(planFile)}\n`);
    terminal.note(`Written to ${out.path}, for --plan ${out.path}.`);
  };
  const outcome = { adapter, from, planFile, plan, tuning };
  await writeAll(writePlan, () => report(tuning?.ended === 'complete', outcome));
}

function configure(options: TuneOptions): TuneConfiguration {
  const { network, optimizer, training } = configureTraining(options);
  const { batchSize } = training;
  const budgetMs = 1000 * (options.budget ?? defaultBudget);
  return { network: optionsOf(network), batchSize, ...optimizer, budgetMs };
}

/** The part of a report that `--resume` needs. The code that uses the settings checks their meaning. */
const reportSchema = v.object({
  command: v.literal('tune'),
  configuration: v.looseObject({
    network: v.looseObject({}),
    batchSize: v.number(),
    budgetMs: v.number(),
  }),
  runtime: v.looseObject({
    name: v.picklist(['node', 'chromium', 'firefox']),
    browserPath: v.optional(v.string()),
  }),
  processor: v.string(),
  key: v.string(),
  measured: v.array(
    v.object({
      key: v.string(),
      found: v.nullable(v.union([v.pipe(v.number(), v.finite()), v.string()])),
      at: v.pipe(v.number(), v.finite(), v.minValue(0)),
    }),
  ),
});

type Earlier = Omit<v.InferOutput<typeof reportSchema>, 'configuration'> & {
  readonly configuration: TuneConfiguration;
};

/** @throws {FileError | FormatError} */
function readEarlier(path: string): Promise<Earlier> {
  return readInput(path, '--resume', (bytes) => readReport(textOf(bytes)));
}

/** Reads the report of an earlier tuning. @throws {FormatError} for another text */
export function readReport(text: string): Earlier {
  return parseJson(reportSchema, text, 'a report of nudge tune') as unknown as Earlier;
}

/** @throws {UsageError} when the earlier times were measured on another machine or runtime */
export function requireSame(now: object, { runtime, processor }: Earlier): void {
  const before = { runtime, processor };
  if (isDeepStrictEqual(before, now)) return;
  throw new UsageError(
    `The tuning to resume ran on ${escapeInvisible(showJson(before, 500))}; this is ${JSON.stringify(now)}. Their times are not comparable. Start again without --resume.`,
  );
}

const endings = {
  complete: '',
  budget: ' The budget ended before all candidates were measured; give a larger --budget.',
  signal: ' The tuning was stopped before all candidates were measured.',
  hidden: ' The tuning ended when the page was hidden.',
} as const;

/** One line per decision, then the result. */
export function describeTuning({ adapter, tuning, plan }: TuneResult): string[] {
  if (!tuning) return [`Plan: ${plan}.`];
  const { decisions, step, isDefault, ended, seconds } = tuning;
  const head = ['what', 'default', 'ms', 'best alternative', 'ms', 'ratio', 'taken', 'tried'];
  const rows = decisions.map(({ question, before, best, isAccepted, tried }) => [
    question,
    before.name,
    milliseconds(before.seconds),
    best?.name ?? '',
    best ? milliseconds(best.seconds) : '',
    best ? `${(before.seconds / best.seconds).toFixed(2)}×` : '',
    isAccepted ? 'yes' : 'no',
    `${tried}`,
  ]);
  const dropped = decisions.flatMap((decision) =>
    decision.dropped.map(
      ({ name, why }) => `Dropped ${name} (${decision.question}): ${why.split('\n')[0]!}`,
    ),
  );
  const tried = decisions.reduce((sum, decision) => sum + decision.tried, 0);
  const verdict = isDefault
    ? `No plan was clearly faster than the default, ${milliseconds(step.default)} ms per step.`
    : `A step takes ${milliseconds(step.tuned)} ms with the tuned plan and ${milliseconds(step.default)} ms with the default: ${(step.default / step.tuned).toFixed(2)} times as fast.`;
  return [
    ...(rows.length > 0 ? [...formatTable([head, ...rows], 'llrlrrlr'), ''] : []),
    ...dropped,
    `${verdict} Measured: ${plural(tried, 'candidate')} in ${formatSeconds(seconds)} on ${adapterName(adapter)}.${endings[ended]}`,
    `Plan: ${plan}.`,
  ];
}

const milliseconds = (seconds: number) => (1000 * seconds).toPrecision(3);
