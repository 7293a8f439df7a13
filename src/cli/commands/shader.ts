/** `nudge shader`. */
import { createOptimizer } from '../../benchmark/optimizerConfiguration.ts';
import { requirePlan } from '../../gpu/plan/check.ts';
import { choosePlan } from '../../gpu/plan/choose.ts';
import type { PlanAdapter } from '../../gpu/plan/plan.ts';
import { trainingStep } from '../../gpu/step.ts';
import type { CommandDefinition, Run } from '../command.ts';
import { configureTraining, type TrainArguments } from '../configure.ts';
import { UsageError } from '../errors.ts';
import * as option from '../options.ts';
import { readPlan } from '../planOption.ts';

type ShaderOptions = Omit<TrainArguments, 'plan'> & {
  readonly plan?: string;
  readonly adapter?: keyof typeof adapters;
};

/** What a plan depends on, for each kind of adapter. */
const adapters = {
  hardware: { isSoftware: false, subgroupSize: 0 },
  software: { isSoftware: true, subgroupSize: 4 },
} as const satisfies Record<string, PlanAdapter>;

/** Accepts every plan file, since the adapter that it is for is not known here. */
const anyAdapter = { ...adapters.software, maxWorkgroupSize: 1024 };

export const shader: CommandDefinition<ShaderOptions> = {
  name: 'shader',
  summary: 'print the WGSL of a training step',
  description:
    'Prints the WGSL kernels of a training step in the order in which they run. Needs no GPU.',
  operands: {
    '[kernel]': 'print only kernels whose names start with this: forward, hidden delta, update',
  },
  simple: [
    option.preset(),
    option.choice(
      '--adapter <kind>',
      'use the default plan for hardware or software (SwiftShader); default: hardware',
      Object.keys(adapters),
    ),
    option.text('--plan <file>', 'use a plan from nudge tune').conflicts('adapter'),
  ],
  advanced: [...option.network(), option.batchSize(), option.optimizer()],
  examples: [
    'nudge shader forward --preset modern',
    'nudge shader --preset lecture --adapter software > step.wgsl',
    'nudge shader update --layers 784,256,10 --plan tuned.plan.json',
  ],
  work: runShader,
};

async function runShader(
  { terminal }: Run,
  { plan: path, adapter = 'hardware', ...options }: ShaderOptions,
  kernel = '',
): Promise<void> {
  const { network, training } = configureTraining(options);
  const { batchSize, clipNorm } = training;
  // The WGSL does not contain the learning rate, so the length of the schedule does not matter.
  const optimizer = createOptimizer(training, { stepsPerEpoch: 1, steps: 1 });
  const plan =
    path === undefined
      ? choosePlan(network, batchSize, adapters[adapter])
      : requirePlan(await readPlan(path, network), network, batchSize, anyAdapter);
  const kernels = trainingStep(network, plan, optimizer, clipNorm);
  const wanted = kernels.filter(({ label }) => label.startsWith(kernel));
  if (wanted.length === 0) {
    const names = kernels.map(({ label }) => `'${label}'`).join(', ');
    throw new UsageError(`No kernel's name starts with '${kernel}'. This step has ${names}.`);
  }
  terminal.result(
    wanted
      .map(({ code }) => tidy(code))
      .join('\n')
      .trimEnd(),
  );
}

/** Removes the empty lines that templates leave. */
const tidy = (code: string) =>
  code.replace(/\n{2,}/g, '\n').replace(/^(\/\/.*\n)*(fn|struct|@compute)/gm, '\n$&');
