/** `nudge check`. */
import { atLimitNote, isAtLimit } from '../../benchmark/verification/atLimit.ts';
import type { VerificationReport } from '../../benchmark/verification/verify.ts';
import { adapterName } from '../../gpu/adapter.ts';
import type { CommandDefinition, Run } from '../command.ts';
import { exitCodes } from '../errors.ts';
import * as option from '../options.ts';
import { openRuntime, runJob } from '../runtime.ts';
import { formatTable, plural } from '../table.ts';

interface CheckOptions extends option.SharedArguments {
  readonly rounds?: number;
  readonly fraction?: number;
  readonly plans?: number;
  readonly seed?: number;
}

export const check: CommandDefinition<CheckOptions> = {
  name: 'check',
  summary: "verify the GPU's results on this machine",
  description:
    "Compares the GPU's results with the float64 reference: every kernel, the gradient, and the parameters after some steps. " +
    'Also checks that the GPU repeats its own results bit for bit. Errors are shown relative to the tolerance; 1 or less passes. ' +
    'The exit code is 1 if a check fails.',
  simple: [option.json()],
  advanced: [
    option.whole('--rounds <n>', 'random inputs per kernel; default: 2'),
    option.number('--fraction <share>', "share of each kernel's cases to check; default: 1"),
    option.whole('--plans <n>', 'random plans to train small networks with; default: 0', 0),
    option.seed('seed of the random choices; default: 1'),
    ...option.runtime(),
  ],
  examples: [
    'nudge check',
    'nudge check --runtime chromium --fraction 0.25',
    'nudge check --plans 1000 --fraction 0.01',
    'nudge check --rounds 20 --seed 7 --json check.json',
  ],
  work: runCheck,
};

async function runCheck(run: Run, options: CheckOptions): Promise<void> {
  const { terminal } = run;
  const { rounds, fraction, plans, seed } = options;
  const runtime = await openRuntime(run, {
    ...options,
    backend: 'webgpu',
    // The checks read no more samples than these.
    source: { kind: 'digits', options: { trainingCount: 1000, testCount: 1 } },
  });
  const bar = terminal.bar('[{bar}] {percentage}%  {check}', 1, { check: '' });
  const report = await runJob(
    run,
    runtime,
    'check',
    { rounds, fraction, plans, seed },
    ({ done, check: name }) => bar.update(done, { check: name }),
  );
  bar.stop();
  terminal.result(...describeReport(report));
  if (!report.passed) run.exit(exitCodes.failure);
  await run.report({
    configuration: {
      rounds: rounds ?? null,
      fraction: fraction ?? null,
      plans: plans ?? null,
      seed: seed ?? null,
      runtime: options.runtime ?? 'auto',
    },
    runtime: runtime.facts,
    ...report,
  });
}

export function describeReport({ adapter, checks, passed }: VerificationReport): string[] {
  const rows = checks.map((one) => [
    one.name,
    `${one.cases}`,
    isAtLimit(one) ? '1.00' : one.worst.toPrecision(2),
    one.passed ? 'passed' : `FAILED: ${one.failed ?? ''}`,
  ]);
  const failures = checks.filter((one) => !one.passed).length;
  const count = plural(checks.length, 'check');
  return [
    ...formatTable([['check', 'cases', 'worst/bound', ''], ...rows], 'lrrl'),
    ...(checks.some(isAtLimit) ? [atLimitNote] : []),
    passed
      ? `All ${count} passed on ${adapterName(adapter)}.`
      : `${failures} of ${count} FAILED on ${adapterName(adapter)}. Update the browser or the graphics driver. If that does not help, report it with this output.`,
  ];
}
