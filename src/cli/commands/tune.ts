/** `nudge tune`. */
import { resolve } from 'node:path';

import { Option, type Command } from 'commander';

import { optimizerNames } from '../../benchmark/optimizerConfiguration.ts';
import type { TuneResult } from '../../benchmark/tuneJob.ts';
import { adapterName } from '../../gpu/adapter.ts';
import { configureTraining, type TrainArguments } from '../configure.ts';
import { inRun, type Context } from '../context.ts';
import { UsageError } from '../errors.ts';
import { prepareOutput } from '../files.ts';
import { formatJson } from '../json.ts';
import * as option from '../options.ts';
import { defaultBudget, tuneConfiguration, tuneHere } from '../planOption.ts';
import { withRuntime } from '../runtime.ts';
import { formatSeconds, formatTable, plural } from '../table.ts';
import { nudgeVersion } from '../versions.ts';

type TuneOptions = Pick<TrainArguments, 'batchSize' | 'optimizer' | 'seed'> &
  option.RawNetworkArguments &
  option.JsonArguments &
  Omit<option.RuntimeArguments, 'backend'> & { readonly budget?: number; readonly out?: string };

export function addTune(program: Command, context: Context): void {
  const tune = program
    .command('tune')
    .summary('find the fastest plan for a network on this adapter')
    .description(
      'Measures how a training step of a network is best cut into kernels and tiles on this adapter. Every candidate’s ' +
        'gradient is held to the float64 reference first, and the default plan stays unless another is surely faster. ' +
        'The plan is kept for --plan tuned of nudge train. Nothing else should run meanwhile.\n\n' +
        'Ctrl-C ends it with the best plan so far; a second one ends at once and keeps nothing.',
    );
  option.addPreset(tune);
  option.add(
    tune,
    'simple',
    option.number('--budget <s>', `seconds to take, about; default: ${defaultBudget}`),
  );
  option.add(tune, 'simple', new Option('--out <file>', 'write the plan, for --plan <file>'));
  option.addJson(tune);

  option.addNetwork(tune, 'advanced');
  const advanced = [
    option.whole('--batch-size <n>', "samples a step; default: the preset's, else 100"),
    option.choice('--optimizer <name>', "default: the preset's, else sgd", optimizerNames),
    option.seed('of the weights that candidates are checked with; default: 1'),
  ];
  for (const one of advanced) option.add(tune, 'advanced', one);
  option.addRuntime(tune, 'auto');
  option.addHelp(
    tune,
    'nudge tune                                      the lecture network',
    'nudge tune --preset wide --budget 60 --out wide.plan.json',
    'nudge tune --layers 784,256,10 --batch-size 256 --runtime firefox',
  );
  tune.action((options: TuneOptions) => runTuneCommand(options, context));
}

async function runTuneCommand(options: TuneOptions, context: Context): Promise<void> {
  const onInterrupt = 'Ending with the best plan so far. Press Ctrl-C again to end at once.';
  await inRun(context, { json: options.json, onInterrupt }, async (run) => {
    const { terminal, interrupt, json } = run;
    const { budget = defaultBudget, runtime: choice = 'auto', browser } = options;
    if (!(budget > 0)) {
      throw new UsageError(
        `--budget takes seconds greater than 0, and ${budget} was given. The default is ${defaultBudget}.`,
      );
    }
    const out = options.out === undefined ? undefined : await prepareOutput(options.out, '--out');
    if (out && options.json !== undefined && resolve(options.json) === resolve(out.path)) {
      throw new UsageError(`--out and --json both name '${out.path}'. Give them different files.`);
    }
    const { network, training } = configureTraining(option.networkArguments(options));
    const { layers, activation, output, cost, initializer, seed } = network;
    const configuration = tuneConfiguration(
      { layers, activation, output, cost, initializer, seed },
      training,
      budget,
    );
    await withRuntime(
      terminal,
      {
        runtime: choice,
        browser,
        backend: 'webgpu',
        source: { kind: 'digits', options: fewDigits },
      },
      async (runtime) => {
        const { result, keptIn } = await tuneHere(run, runtime, configuration, true);
        const { adapter, from, planFile, plan, tuning } = result;
        await out?.write(`${formatJson(planFile)}\n`);
        await json.write({
          ...{ nudge: nudgeVersion(), command: 'tune', configuration },
          runtime: runtime.facts,
          ...{ adapter, from, planFile, plan, ...(tuning && { tuning }) },
        });
        for (const line of describeTuning(result)) terminal.result(line);
        if (keptIn !== undefined) terminal.note(`Kept for --plan tuned in ${keptIn}.`);
        if (out) terminal.note(`Written to ${out.path}, for --plan ${out.path}.`);
        if (interrupt.interruption) context.exit(interrupt.interruption.exitCode);
      },
    );
  });
}

const cutShort = {
  complete: '',
  budget: ' The budget ended it before every candidate was measured; give more with --budget.',
  signal: ' It was stopped before every candidate was measured.',
  hidden: ' It ended when the page was hidden.',
} as const;

/** Tuning makes noise of its own to measure with; a runtime has to have data all the same. */
const fewDigits = { trainingCount: 10, testCount: 10 } as const;

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
