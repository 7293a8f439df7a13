/** `nudge tune`. */
import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import { Option, type Command } from 'commander';
import * as v from 'valibot';

import type { TuneConfiguration, TuneEvent, TuneResult } from '../../benchmark/tuneJob.ts';
import { FormatError } from '../../errors.ts';
import { adapterName } from '../../gpu/adapter.ts';
import type { LedgerEntry } from '../../gpu/plan/tuning/ledger.ts';
import { processorName } from '../../node/nodeEnvironment.ts';
import { configureTraining, type RuntimeChoice, type TrainArguments } from '../configure.ts';
import { inRun, type Context } from '../context.ts';
import { UsageError } from '../errors.ts';
import { prepareOutput, readInput } from '../files.ts';
import { formatJson } from '../json.ts';
import * as option from '../options.ts';
import { requireNotGiven } from '../resume.ts';
import { defaultBudget, tuneConfiguration, tuneHere } from '../planOption.ts';
import { withRuntime, type Runtime } from '../runtime.ts';
import { formatSeconds, formatTable, plural } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { nudgeVersion } from '../versions.ts';

type TuneOptions = Pick<TrainArguments, 'batchSize' | 'optimizer' | 'seed'> &
  option.RawNetworkArguments &
  option.JsonArguments &
  Omit<option.RuntimeArguments, 'backend'> & {
    readonly budget?: number;
    readonly out?: string;
    readonly resume?: string;
  };

export function addTune(program: Command, context: Context): void {
  const tune = program
    .command('tune')
    .summary('find the fastest plan for a network on this adapter')
    .description(
      'Measures how a training step of a network is best cut into kernels and tiles on this adapter. Every candidate’s ' +
        'gradient is held to the float64 reference first, and the default plan stays unless another is surely faster. ' +
        'The plan is kept for --plan tuned of nudge train. Nothing else should run meanwhile.\n\n' +
        'Ctrl-C ends it with the best plan so far; a second one ends at once and keeps nothing. With --resume, a tuning that ' +
        'was stopped, failed or ran out of its budget goes on from its --json: what was measured is not measured again.',
    );
  option.addPreset(tune);
  option.add(
    tune,
    'simple',
    option.number('--budget <s>', `seconds to take, about; default: ${defaultBudget}`),
  );
  option.add(tune, 'simple', new Option('--out <file>', 'write the plan, for --plan <file>'));
  option.addJson(tune);
  option.add(
    tune,
    'simple',
    new Option(
      '--resume <file>',
      'go on with a tuning that did not come to its end, from its --json; --budget is then of both together',
    ),
  );

  option.addNetwork(tune, 'advanced');
  const seed = option.seed('of the weights that candidates are checked with; default: 1');
  option.add(tune, 'advanced', option.batchSize(), option.optimizer(), seed);
  option.addRuntime(tune, 'auto');
  option.addHelp(
    tune,
    'nudge tune                                      the lecture network',
    'nudge tune --preset wide --budget 60 --out wide.plan.json --json tune.json',
    'nudge tune --resume tune.json --json tune.json --budget 120',
    'nudge tune --layers 784,256,10 --batch-size 256 --runtime firefox',
  );
  tune.action((options: TuneOptions) => runTuneCommand(options, context));
}

async function runTuneCommand(options: TuneOptions, context: Context): Promise<void> {
  const onInterrupt = 'Ending with the best plan so far. Press Ctrl-C again to end at once.';
  await inRun(context, { json: options.json, onInterrupt }, async (run) => {
    const { terminal, interrupt, json } = run;
    const { budget } = options;
    if (budget !== undefined && !(budget > 0)) {
      throw new UsageError(
        `--budget takes seconds greater than 0, and ${budget} was given. The default is ${defaultBudget}.`,
      );
    }
    const out = options.out === undefined ? undefined : await prepareOutput(options.out, '--out');
    if (out && options.json !== undefined && resolve(options.json) === resolve(out.path)) {
      throw new UsageError(`--out and --json both name '${out.path}'. Give them different files.`);
    }
    const earlier = options.resume === undefined ? undefined : await readEarlier(options);
    const configuration = earlier
      ? { ...earlier.configuration, ...(budget !== undefined && { budgetMs: 1000 * budget }) }
      : configureTune(options);
    const runtimeOptions = {
      runtime: options.runtime ?? earlier?.runtime.name ?? 'auto',
      browser: options.browser ?? earlier?.runtime.browserPath,
      backend: 'webgpu',
      // Tuning makes noise of its own to measure with; a runtime has to have data all the same.
      source: { kind: 'digits', options: { trainingCount: 10, testCount: 10 } },
    } as const;
    await withRuntime(terminal, runtimeOptions, async (runtime) => {
      const machine = { runtime: runtime.facts, processor: processorName() };
      if (earlier) requireSame(machine, earlier);
      const measured: LedgerEntry[] = [...(earlier?.measured ?? [])];
      let key = earlier?.key;
      const onEvent = (event: TuneEvent) => {
        if (event.type === 'start') key = event.key;
        if (event.type === 'measured') measured.push(event.entry);
      };
      const write = async (outcome: object) => {
        await json.write({
          ...{ nudge: nudgeVersion(), command: 'tune', configuration, ...machine, key },
          ...outcome,
          measured,
        });
      };
      const { result, keptIn } = await tuneHere(
        run,
        runtime,
        {
          ...configuration,
          ...(earlier && { resume: { key: earlier.key, measured: earlier.measured } }),
        },
        true,
        onEvent,
      ).catch(async (error: unknown) => {
        if (key !== undefined && measured.length > 0) {
          await write({ isComplete: false });
          sayResume(terminal, options.json);
        }
        throw error;
      });
      const { adapter, from, planFile, plan, tuning } = result;
      await out?.write(`${formatJson(planFile)}\n`);
      const isComplete = tuning?.ended === 'complete';
      await write({ isComplete, ...{ adapter, from, planFile, plan, tuning } });
      for (const line of describeTuning(result)) terminal.result(line);
      if (keptIn !== undefined) terminal.note(`Kept for --plan tuned in ${keptIn}.`);
      if (out) terminal.note(`Written to ${out.path}, for --plan ${out.path}.`);
      if (!isComplete) sayResume(terminal, options.json);
      if (interrupt.interruption) context.exit(interrupt.interruption.exitCode);
    });
  });
}

function configureTune(options: TuneOptions): TuneConfiguration {
  const { network, training } = configureTraining(option.networkArguments(options));
  const { layers, activation, output, cost, initializer, seed } = network;
  const shape = { layers, activation, output, cost, initializer, seed };
  return tuneConfiguration(shape, training, options.budget ?? defaultBudget);
}

function sayResume(terminal: Terminal, json: string | undefined): void {
  if (json === undefined || json === '-') return;
  terminal.note(`Go on with --resume ${json}.`);
}

const entrySchema = v.object({
  key: v.string(),
  found: v.nullable(v.union([v.pipe(v.number(), v.finite()), v.string()])),
  at: v.pipe(v.number(), v.finite(), v.minValue(0)),
});

/** What of a report a later tuning goes on from. What the network's and the optimizer's settings mean is checked where they are used. */
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
  measured: v.array(entrySchema),
});

interface Earlier {
  readonly configuration: TuneConfiguration;
  readonly runtime: { readonly name: RuntimeChoice; readonly browserPath?: string | undefined };
  readonly processor: string;
  readonly key: string;
  readonly measured: readonly LedgerEntry[];
}

/** @throws {UsageError | FileError | FormatError} */
async function readEarlier(options: TuneOptions): Promise<Earlier> {
  const path = options.resume!;
  const names = [
    ...['preset', 'layers', 'activation', 'output', 'cost'],
    ...['batchSize', 'optimizer', 'seed'],
  ] as const satisfies readonly (keyof TuneOptions)[];
  requireNotGiven(options, names);
  const text = new TextDecoder().decode(await readInput(path, '--resume'));
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FormatError(`${path} is no JSON (${(cause as Error).message}).`, 0, { cause });
  }
  const { success, output, issues } = v.safeParse(reportSchema, value, { abortEarly: true });
  if (success) return output as unknown as Earlier;
  throw new FormatError(
    `${path} is no report of nudge tune: ${v.getDotPath(issues[0]) ?? 'it'}: ${issues[0].message}. Give a file that --json wrote.`,
    0,
  );
}

/** @throws {UsageError} where times of before and of now are not of the same machine */
function requireSame(
  now: { readonly runtime: Runtime['facts']; readonly processor: string },
  { runtime, processor }: Earlier,
): void {
  if (isDeepStrictEqual({ runtime, processor }, now)) return;
  const [before, after] = [{ runtime, processor }, now].map((one) => JSON.stringify(one));
  throw new UsageError(
    `The tuning to go on with was made by ${before}, and this is ${after}. Their times cannot be compared; tune anew, without --resume.`,
  );
}

const cutShort = {
  complete: '',
  budget: ' The budget ended it before every candidate was measured; give more with --budget.',
  signal: ' It was stopped before every candidate was measured.',
  hidden: ' It ended when the page was hidden.',
} as const;

/** What was measured and decided, a line a question, and what came of it. */
export function describeTuning({ adapter, tuning, plan }: TuneResult): string[] {
  if (!tuning) return [`Plan: ${plan}.`];
  const { decisions, step, isDefault, ended, seconds } = tuning;
  const head = ['what', 'default', 'ms', 'best of the others', 'ms', 'ratio', 'taken', 'tried'];
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
      ({ name, why }) => `Dropped ${name} (${decision.question}): ${firstLine(why)}`,
    ),
  );
  const tried = decisions.reduce((sum, decision) => sum + decision.tried, 0);
  const verdict = isDefault
    ? `Nothing was surely faster than the default plan, ${milliseconds(step.default)} ms a step.`
    : `A step takes ${milliseconds(step.tuned)} ms by the tuned plan and ${milliseconds(step.default)} ms by the default one: ${(step.default / step.tuned).toFixed(2)} times as fast.`;
  return [
    ...(rows.length > 0 ? [...formatTable([head, ...rows], 'llrlrrlr'), ''] : []),
    ...dropped,
    `${verdict} Measured: ${plural(tried, 'candidate')} in ${formatSeconds(seconds)} on ${adapterName(adapter)}.${cutShort[ended]}`,
    `Plan: ${plan}.`,
  ];
}

const milliseconds = (seconds: number) => (1000 * seconds).toPrecision(3);
const firstLine = (text: string) => text.split('\n')[0]!;
