/** `nudge shader`. */
import { Option, type Command } from 'commander';

import { withCopies } from '../../../shaders/kernel.ts';
import { createOptimizer, optimizerNames } from '../../benchmark/optimizerConfiguration.ts';
import { choosePlan } from '../../gpu/plan/choose.ts';
import { requirePlan } from '../../gpu/plan/check.ts';
import type { PlanAdapter } from '../../gpu/plan/plan.ts';
import { trainingStep } from '../../gpu/step.ts';
import { configureTraining, type TrainArguments } from '../configure.ts';
import type { Context } from '../context.ts';
import { UsageError } from '../errors.ts';
import * as option from '../options.ts';
import { readPlan } from '../planOption.ts';

type ShaderOptions = Pick<TrainArguments, 'batchSize' | 'optimizer'> &
  option.RawNetworkArguments & {
    readonly plan?: string;
    readonly adapter?: keyof typeof adapters;
  };

/** What plans depend on, of each kind of adapter. */
const adapters = {
  hardware: { isSoftware: false, subgroupSize: 0 },
  software: { isSoftware: true, subgroupSize: 4 },
} as const satisfies Record<string, PlanAdapter>;

/** What a plan may ask for at most: the adapter that it is for is not known here. */
const anyAdapter = { ...adapters.software, maxWorkgroupSize: 1024 };

export function addShader(program: Command, context: Context): void {
  const shader = program
    .command('shader')
    .summary('the WGSL of a training step')
    .description(
      'Prints the WGSL that a training step of a network runs, kernel after kernel in the order of the step. Needs no GPU.',
    )
    .argument(
      '[kernel]',
      'only kernels whose name begins like this: forward, hidden delta, update',
    );
  option.addPreset(shader);
  option.add(
    shader,
    'simple',
    option.choice(
      '--adapter <kind>',
      'whose default plan it is: hardware, or software (SwiftShader); default: hardware',
      Object.keys(adapters),
    ),
  );
  option.add(shader, 'simple', new Option('--plan <file>', 'the plan of nudge tune instead'));
  option.addNetwork(shader, 'advanced');
  option.add(
    shader,
    'advanced',
    option.whole('--batch-size <n>', "samples a step; default: the preset's, else 100"),
  );
  option.add(
    shader,
    'advanced',
    option.choice('--optimizer <name>', "default: the preset's, else sgd", optimizerNames),
  );
  option.addHelp(
    shader,
    'nudge shader forward --preset modern',
    'nudge shader --preset lecture --adapter software > step.wgsl',
    'nudge shader update --layers 784,256,10 --plan tuned.plan.json',
  );
  shader.action((kernel: string | undefined, options: ShaderOptions) =>
    runShader(kernel, options, context),
  );
}

async function runShader(
  kernel: string | undefined,
  options: ShaderOptions,
  { streams }: Context,
): Promise<void> {
  const { plan: planFile, adapter = 'hardware', ...rest } = options;
  if (planFile !== undefined && options.adapter !== undefined) {
    throw new UsageError(
      `--adapter ${adapter} chooses a default plan, and --plan ${planFile} gives another. Leave one of them out.`,
    );
  }
  const { network, training } = configureTraining(option.networkArguments(rest));
  // No learning rate is in the WGSL, and so neither is a schedule.
  const optimizer = createOptimizer(training, { stepsPerEpoch: 1, steps: 1 });
  const { batchSize } = training;
  const given = await readPlan(planFile, network);
  const plan = given
    ? requirePlan(given, network, batchSize, anyAdapter)
    : choosePlan(network, batchSize, adapters[adapter]);
  const kernels = withCopies(trainingStep(network, plan, optimizer, training.clipNorm));
  const wanted = kernels.filter(({ label }) => label.startsWith(kernel ?? ''));
  if (wanted.length === 0) {
    const names = kernels.map(({ label }) => `'${label}'`).join(', ');
    throw new UsageError(`No kernel's name begins with '${kernel}'. This step has ${names}.`);
  }
  streams.stdout.write(wanted.map(({ code }) => tidy(code)).join('\n'));
}

/** Without the empty lines that templates leave. */
const tidy = (code: string) =>
  code.replace(/\n{2,}/g, '\n').replace(/^(fn|struct|@compute)/gm, '\n$1');
