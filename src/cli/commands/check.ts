/** `nudge check`. */
import type { Command } from 'commander';

import { atLimitNote, isAtLimit } from '../../benchmark/verification/atLimit.ts';
import type { VerificationReport } from '../../benchmark/verification/verify.ts';
import { adapterName } from '../../gpu/adapter.ts';
import { inRun, type Context } from '../context.ts';
import type { DataSource } from '../dataSource.ts';
import { exitCodes } from '../errors.ts';
import * as option from '../options.ts';
import { withRuntime } from '../runtime.ts';
import { formatTable, plural } from '../table.ts';
import { nudgeVersion } from '../versions.ts';

interface CheckOptions extends option.JsonArguments, Omit<option.RuntimeArguments, 'backend'> {
  readonly rounds?: number;
  readonly fraction?: number;
  readonly plans?: number;
  readonly seed?: number;
}

/** As many as the checks look at; they need no other. */
const source: DataSource = { kind: 'digits', options: { trainingCount: 1000, testCount: 1 } };

export function addCheck(program: Command, context: Context): void {
  const check = program
    .command('check')
    .summary("prove the GPU's numbers on this machine")
    .description(
      "Holds the GPU's numbers against the float64 reference: every kernel, the gradient, and parameters after " +
        'some steps; and against themselves, bit for bit. An error counts as a share of the bound that it must keep: ' +
        'above 1, the check has failed, and the exit code is 1.',
    );
  option.addJson(check);
  option.add(
    check,
    'advanced',
    option.whole('--rounds <n>', 'random draws of each kernel; default: 2'),
  );
  option.add(
    check,
    'advanced',
    option.number(
      '--fraction <share>',
      "of each kernel's cases, drawn by the seed, for a short check; default: 1",
    ),
  );
  option.add(
    check,
    'advanced',
    option.whole('--plans <n>', 'plans to draw, and to train small networks by; default: 0', 0),
  );
  option.add(check, 'advanced', option.seed('of the random draws; default: 1'));
  option.addRuntime(check, 'auto');
  option.addHelp(
    check,
    'nudge check',
    'nudge check --runtime chromium --fraction 0.25',
    'nudge check --plans 1000 --fraction 0.01',
    'nudge check --rounds 20 --seed 7 --json check.json',
  );
  check.action((options: CheckOptions) => runCheck(options, context));
}

async function runCheck(options: CheckOptions, context: Context): Promise<void> {
  await inRun(context, { json: options.json, onInterrupt: 'Stopping.' }, async (run) => {
    const { terminal, interrupt, json } = run;
    const { runtime: choice = 'auto', browser, rounds, fraction, plans, seed } = options;
    await withRuntime(
      terminal,
      { runtime: choice, browser, backend: 'webgpu', source },
      async (runtime) => {
        const bar = terminal.bar('[{bar}] {percentage}%  {check}', 1, { check: '' });
        let report: VerificationReport;
        try {
          report = await runtime.run(
            'check',
            { rounds, fraction, plans, seed },
            {
              signal: interrupt.signal,
              onEvent: ({ done, check: name }) => bar.update(done, { check: name }),
            },
          );
        } finally {
          bar.stop();
        }
        await json.write({
          nudge: nudgeVersion(),
          command: 'check',
          configuration: {
            rounds: rounds ?? null,
            fraction: fraction ?? null,
            plans: plans ?? null,
            seed: seed ?? null,
            runtime: choice,
          },
          runtime: runtime.facts,
          ...report,
        });
        for (const line of describeReport(report)) terminal.result(line);
        if (!report.passed) context.exit(exitCodes.failure);
      },
    );
  });
}

export function describeReport({ adapter, checks, passed }: VerificationReport): string[] {
  const rows = checks.map(({ name, cases, worst, passed: isRight, failed }) => [
    name,
    `${cases}`,
    isAtLimit({ worst, passed: isRight }) ? '1.00' : worst.toPrecision(2),
    isRight ? 'passed' : `FAILED: ${failed ?? ''}`,
  ]);
  const failures = checks.filter((check) => !check.passed).length;
  const count = plural(checks.length, 'check');
  return [
    ...formatTable([['check', 'cases', 'worst/bound', ''], ...rows], 'lrrl'),
    ...(checks.some(isAtLimit) ? [atLimitNote] : []),
    passed
      ? `All ${count} passed on ${adapterName(adapter)}.`
      : `${failures} of ${count} FAILED on ${adapterName(adapter)}. Update the browser or the graphics driver; if that does not help, report it with this output.`,
  ];
}
