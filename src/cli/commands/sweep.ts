/** `nudge sweep`. */
import { Option, type Command } from 'commander';

import { optimizerNames } from '../../benchmark/optimizerConfiguration.ts';
import type { SweepResult, SweepRow } from '../../benchmark/sweepJob.ts';
import { adapterName } from '../../gpu/adapter.ts';
import type { MemberResult } from '../../training/sweep.ts';
import {
  configureSweep,
  parseLearningRates,
  sweepDefaults,
  type SweepArguments,
} from '../configureSweep.ts';
import { inRun, type Context } from '../context.ts';
import { dataName, findData } from '../dataSource.ts';
import * as option from '../options.ts';
import { withRuntime } from '../runtime.ts';
import {
  formatCost,
  formatCount,
  formatSeconds,
  formatShare,
  formatTable,
  plural,
} from '../table.ts';
import { nudgeVersion } from '../versions.ts';

type SweepOptions = Omit<SweepArguments, 'layers' | 'learningRates'> &
  option.RawNetworkArguments &
  option.DataArguments &
  option.JsonArguments &
  Omit<option.RuntimeArguments, 'backend'> & { readonly learningRates?: readonly string[] };

export function addSweep(program: Command, context: Context): void {
  const sweep = program
    .command('sweep')
    .summary('train many small networks at once, to compare seeds and learning rates')
    .description(
      'Trains one network for each seed and learning rate, all at once on the GPU, evaluates them on the test set, ' +
        'and lists them from the best to the worst. A network comes out as nudge train makes it with the same seed.',
    );
  option.addData(sweep);
  option.addPreset(sweep);
  option.add(
    sweep,
    'simple',
    option.whole('--seeds <n>', `how many seeds, from --seed on; default: ${sweepDefaults.seeds}`),
  );
  option.add(
    sweep,
    'simple',
    new Option(
      '--learning-rates <rates...>',
      "what to try, with each seed: 1,3,6; default: the preset's, else one that suits the network",
    ),
  );
  option.add(
    sweep,
    'simple',
    option.whole('--epochs <n>', `passes over the training set; default: ${sweepDefaults.epochs}`),
  );
  option.addJson(sweep);

  option.addNetwork(sweep, 'advanced');
  option.addInit(sweep);
  const advanced = [
    option.whole('--batch-size <n>', "samples a step; default: the preset's, else 100"),
    option.choice('--optimizer <name>', "default: the preset's, else sgd", optimizerNames),
    option.number('--momentum <x>', 'from 0 up to, not including, 1'),
    option.seed('the first seed, from 0 to 4294967295; default: 1'),
    option.onOff('--shuffle <on|off>', 'an order of its own for each epoch; off: as in the file'),
  ];
  for (const one of advanced) option.add(sweep, 'advanced', one);
  option.addRuntime(sweep, 'auto');
  option.addHelp(
    sweep,
    'nudge sweep                                     the lecture network with 8 seeds',
    'nudge sweep --preset lecture --seeds 64 --learning-rates 1,3,6 --epochs 2',
    'nudge sweep --layers 784,32,10 --activation relu --output softmax --learning-rates 0.03,0.1,0.3 --json -',
  );
  sweep.action((options: SweepOptions) => runSweepCommand(options, context));
}

async function runSweepCommand(options: SweepOptions, context: Context): Promise<void> {
  await inRun(context, { json: options.json, onInterrupt: 'Stopping.' }, async (run) => {
    const { terminal, interrupt, json } = run;
    const { learningRates, ...args } = option.networkArguments(options);
    const configuration = configureSweep({
      ...args,
      learningRates: learningRates && parseLearningRates(learningRates.join(' ')),
    });
    const { source, note } = await findData(options.data);
    if (note !== undefined) terminal.note(note);
    const { runtime: choice = 'auto', browser } = options;
    await withRuntime(
      terminal,
      { runtime: choice, browser, backend: 'webgpu', source },
      async (runtime) => {
        const count = configuration.seeds.length * configuration.optimizers.length;
        const networks = plural(count, 'network');
        const bar = terminal.bar(
          `{epoch} [{bar}] {percentage}%  ${networks}, least cost {cost}  {rate} samples/s  {left} left`,
          100,
          { epoch: 'epoch 1', cost: '…', rate: '…' },
        );
        let result: SweepResult;
        try {
          result = await runtime.run('sweep', configuration, {
            signal: interrupt.signal,
            onEvent: ({ step, steps, epoch, leastCost, samplesPerSecond }) =>
              bar.update((100 * step) / steps, {
                epoch: `epoch ${epoch}/${configuration.epochs}`,
                cost: formatCost(leastCost),
                rate: formatCount(samplesPerSecond),
              }),
          });
        } finally {
          bar.stop();
        }
        interrupt.signal.throwIfAborted();
        await json.write({
          nudge: nudgeVersion(),
          command: 'sweep',
          configuration: {
            data: dataName(source),
            preset: options.preset ?? null,
            ...configuration,
            runtime: choice,
          },
          runtime: runtime.facts,
          ...result,
          rows: sortRows(result.rows),
        });
        for (const line of describeSweep(result)) terminal.result(line);
      },
    );
  });
}

/** From the best on the test set to the worst; among equals the smaller cost first, and what diverged last. */
export function sortRows(rows: readonly SweepRow[]): SweepRow[] {
  const diverged = ({ test, training }: SweepRow) =>
    test.isDiverged || training.isDiverged ? 1 : 0;
  return rows.toSorted((a, b) => {
    if (diverged(a) + diverged(b) > 0) return diverged(a) - diverged(b);
    return b.test.accuracy - a.test.accuracy || a.test.cost - b.test.cost;
  });
}

export function describeSweep(result: SweepResult): string[] {
  const { rows, adapter, steps, seconds, samplesPerSecond } = result;
  const head = ['test accuracy', 'test cost', 'training cost', 'learning rate', 'seed'];
  const cost = ({ isDiverged, cost: mean }: MemberResult) =>
    isDiverged ? 'diverged' : formatCost(mean);
  const lines = sortRows(rows).map(({ seed, learningRate, training, test }) => [
    test.isDiverged ? 'diverged' : formatShare(test.accuracy),
    cost(test),
    cost(training),
    `${learningRate}`,
    `${seed}`,
  ]);
  return [
    ...formatTable([head, ...lines], 'rrrrr'),
    '',
    `${plural(rows.length, 'network')}, ${plural(steps, 'step')} each, in ${formatSeconds(seconds)}: ` +
      `${formatCount(samplesPerSecond)} samples/s together, on ${adapterName(adapter)}.`,
  ];
}
