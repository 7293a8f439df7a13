/** `nudge bench`: the main job. */
import type { Command } from 'commander';

import {
  defaultPresets,
  mostCostDrift,
  type MainJobResult,
  type MainJobRow,
  type Side,
} from '../../benchmark/mainJob.ts';
import { describeVerdict } from '../../benchmark/limit.ts';
import { adapterName } from '../../gpu/adapter.ts';
import type { Plan } from '../../gpu/plan.ts';
import type { PresetName } from '../../network/presets.ts';
import { configureTraining } from '../configure.ts';
import { inRun, type Context, type Run } from '../context.ts';
import { dataName, findData } from '../dataSource.ts';
import { exitCodes, UsageError } from '../errors.ts';
import * as option from '../options.ts';
import {
  defaultBudget,
  isPlanFile,
  planOption,
  readPlan,
  tuneConfiguration,
  tunedPlan,
} from '../planOption.ts';
import { withRuntime, type Runtime } from '../runtime.ts';
import { formatCost, formatCount, formatShare, formatTable } from '../table.ts';
import { nudgeVersion } from '../versions.ts';

interface BenchOptions
  extends option.DataArguments, option.JsonArguments, Omit<option.RuntimeArguments, 'backend'> {
  readonly presets?: readonly PresetName[];
  readonly epochs?: number;
  readonly seed?: number;
  readonly plan?: string;
}

export function addBench(program: Command, context: Context): void {
  const bench = program
    .command('bench')
    .summary('the GPU against the CPU')
    .description(
      'Trains networks on the CPU and on the GPU, in a browser without a window, holds the results against each ' +
        'other, and says how fast each was. The exit code is 1 when they do not agree.',
    );
  option.addData(bench);
  option.addJson(bench);
  option.add(
    bench,
    'advanced',
    option.choice(
      '--presets <names...>',
      'what to train; default: lecture modern',
      option.presetNames,
    ),
  );
  option.add(bench, 'advanced', option.whole('--epochs <n>', 'of each training; default: 1'));
  option.add(bench, 'advanced', option.seed('of the first weights and the shuffling; default: 1'));
  option.add(bench, 'advanced', planOption());
  option.addRuntime(bench, 'chromium');
  option.addHelp(
    bench,
    'nudge bench',
    'nudge bench --runtime node --presets wide',
    'nudge bench --browser /usr/bin/firefox --json bench.json',
    'nudge bench --plan tuned                             the GPU at its fastest',
  );
  bench.action((options: BenchOptions) => runBench(options, context));
}

async function runBench(options: BenchOptions, context: Context): Promise<void> {
  await inRun(context, { json: options.json, onInterrupt: 'Stopping.' }, async (run) => {
    const { terminal, interrupt, json } = run;
    const { runtime: choice = 'chromium', browser, presets, epochs, seed } = options;
    const given = await readBenchPlan(options.plan, presets ?? defaultPresets);
    const { source, note } = await findData(options.data);
    if (note !== undefined) terminal.note(note);
    const wanted = browser === undefined ? choice : (options.runtime ?? 'auto');
    await withRuntime(
      terminal,
      { runtime: wanted, browser, backend: 'webgpu', source },
      async (runtime) => {
        const plans =
          options.plan === 'tuned'
            ? await tunedPlans(run, runtime, presets ?? defaultPresets)
            : given;
        const bar = terminal.bar('{what} [{bar}] {percentage}%  cost {cost}  {rate} samples/s', 1, {
          what: '',
          cost: '…',
          rate: '…',
        });
        let result: MainJobResult;
        try {
          result = await runtime.run(
            'bench',
            { presets, epochs, seed, ...(plans && { plans }) },
            {
              signal: interrupt.signal,
              onEvent: (event) => {
                if (event.type !== 'progress') return;
                const { preset, side, done, cost, samplesPerSecond } = event;
                const rate = formatCount(samplesPerSecond);
                bar.update(done, { what: `${preset} on ${side}`, cost: formatCost(cost), rate });
              },
            },
          );
        } finally {
          bar.stop();
        }
        await json.write({
          nudge: nudgeVersion(),
          command: 'bench',
          configuration: {
            data: dataName(source),
            presets: presets ?? null,
            epochs: epochs ?? null,
            seed: seed ?? null,
            runtime: choice,
            plan: options.plan ?? null,
          },
          runtime: runtime.facts,
          ...result,
        });
        for (const line of describeMainJob(result)) terminal.result(line);
        if (!isProved(result)) context.exit(exitCodes.failure);
      },
    );
  });
}

type Plans = Partial<Record<PresetName, Plan>>;

/**
 * @returns undefined where the plan is not in a file
 * @throws {UsageError} for a file beside several presets, since a plan is for one network
 * @throws {FileError | FormatError}
 */
async function readBenchPlan(
  which: string | undefined,
  names: readonly PresetName[],
): Promise<Plans | undefined> {
  if (!isPlanFile(which)) return undefined;
  const [name, ...others] = names;
  if (name === undefined || others.length > 0) {
    throw new UsageError(
      `--plan ${which} is for one network, and ${names.length} presets are to be trained: ${names.join(', ')}. ` +
        'Name the one it is for with --presets.',
    );
  }
  const plan = await readPlan(which, configureTraining({ preset: name }).network);
  return plan && { [name]: plan };
}

async function tunedPlans(
  run: Pick<Run, 'terminal' | 'interrupt'>,
  runtime: Runtime,
  names: readonly PresetName[],
): Promise<Plans> {
  const plans: Plans = {};
  for (const name of names) {
    const { network, training } = configureTraining({ preset: name });
    const { layers, activation, output, cost, initializer, seed } = network;
    const description = { layers, activation, output, cost, initializer, seed };
    const configuration = tuneConfiguration(description, training, defaultBudget);
    plans[name] = await tunedPlan(run, runtime, configuration);
    // Stopped while it was tuned, before there was anything to stop.
    run.interrupt.signal.throwIfAborted();
  }
  return plans;
}

/** Whether the GPU ran everything and agreed everywhere. */
export function isProved({ rows }: MainJobResult): boolean {
  return rows.every(({ webgpu, agreement }) => webgpu && agreement?.verified === true);
}

export function describeMainJob(result: MainJobResult): string[] {
  const { data, adapter, noAdapter, limits, rows } = result;
  const head = ['preset', 'network', 'on', 'samples/s', 'ratio', 'test cost', 'test accuracy'];
  if (limits) head.push('of its own limit');
  const lines = formatTable([head, ...rows.flatMap(tableRows)], 'lllrrrrl');
  lines.push('', ...rows.map(agreementLine), `Data: ${data}.`);
  if (adapter) lines.push(`GPU: ${adapterName(adapter)}.`);
  if (noAdapter !== undefined) lines.push(`GPU: none. ${noAdapter}`);
  return lines;
}

function tableRows({ preset, layers, cpu, webgpu, ratio, limit }: MainJobRow): string[][] {
  const side = (name: string, { samplesPerSecond, cost, accuracy }: Side, times: string) => [
    name,
    formatCount(samplesPerSecond),
    times,
    formatCost(cost),
    formatShare(accuracy),
  ];
  const rows = [[preset, layers.join('-'), ...side('CPU', cpu, '')]];
  if (webgpu) {
    const times = ratio === undefined ? '' : `${ratio.toFixed(2)}×`;
    const reached = limit ? [describeVerdict(limit)] : [];
    rows.push(['', '', ...side('GPU', webgpu, times), ...reached]);
  }
  return rows;
}

function agreementLine({ preset, agreement }: MainJobRow): string {
  if (!agreement) return `${preset}: not verified.`;
  const { worst, what, costDrift, verified } = agreement;
  const facts =
    `worst ${worst.toPrecision(2)} of the bound (${what}), ` +
    `test costs ${formatShare(costDrift)} apart (at most ${formatShare(mostCostDrift)})`;
  return verified
    ? `${preset}: verified, ${facts}.`
    : `${preset}: NOT VERIFIED, ${facts}. Run 'nudge check' to see where the GPU's numbers go wrong.`;
}
