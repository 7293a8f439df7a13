/** `nudge sweep`. */
import { Option, type Command } from 'commander';

import {
  maxNetworks,
  sortRows,
  type SweepCheckpoint,
  type SweepConfiguration,
  type SweepEvent,
  type SweepResult,
} from '../../benchmark/sweepJob.ts';
import { adapterName } from '../../gpu/adapter.ts';
import { Network } from '../../network/network.ts';
import type { MemberResult } from '../../training/sweep.ts';
import {
  configureSweep,
  parseLearningRates,
  sweepDefaults,
  type SweepArguments,
} from '../configureSweep.ts';
import { inRun, type Context } from '../context.ts';
import { dataName, findData } from '../dataSource.ts';
import { exitCodes } from '../errors.ts';
import { prepareOutput, requireDistinct, type OutputFile } from '../files.ts';
import * as option from '../options.ts';
import { requireNotGiven } from '../resume.ts';
import { withRuntime } from '../runtime.ts';
import { checkpointFile, readCheckpoint } from '../sweepCheckpoint.ts';
import {
  formatCost,
  formatCount,
  formatSeconds,
  formatShare,
  formatTable,
  plural,
} from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { nudgeVersion } from '../versions.ts';
import { saveNetwork } from '../weights.ts';

type SweepOptions = Omit<SweepArguments, 'layers' | 'learningRates'> &
  option.RawNetworkArguments &
  option.DataArguments &
  option.JsonArguments &
  Omit<option.RuntimeArguments, 'backend'> & {
    readonly learningRates?: readonly string[];
    readonly save?: string;
    readonly checkpoint?: string;
    readonly resume?: string;
  };

export function addSweep(program: Command, context: Context): void {
  const sweep = program
    .command('sweep')
    .summary('train many small networks at once, to compare seeds and learning rates')
    .description(
      'Trains one network for each seed and learning rate, all at once on the GPU, evaluates them on the test set, ' +
        'and lists them from the best to the worst. A network comes out as nudge train makes it with the same seed.\n\n' +
        'Ctrl-C stops it soon: the networks are evaluated and listed as they are. With --checkpoint, also after a failure, ' +
        '--resume goes on from there, to the same weights as if nothing had been. A second Ctrl-C ends at once.',
    );
  option.addData(sweep);
  option.addPreset(sweep);
  option.add(
    sweep,
    'simple',
    option.whole(
      '--seeds <n>',
      `how many seeds, from --seed on; default: ${sweepDefaults.seeds}`,
      1,
      maxNetworks,
    ),
    new Option(
      '--learning-rates <rates...>',
      "what to try, with each seed: 1,3,6; default: the preset's, else one that suits the network",
    ),
    option.epochs(sweepDefaults.epochs),
    new Option('--save <file>', 'write the weights of the best network (safetensors)'),
    new Option(
      '--checkpoint <file>',
      'write where all networks stand, every minute and at the end, for --resume',
    ),
    new Option(
      '--resume <file>',
      'go on from a --checkpoint, with its settings; --epochs may be more',
    ),
  );
  option.addJson(sweep);

  option.addNetwork(sweep, 'advanced');
  option.addInit(sweep);
  option.add(
    sweep,
    'advanced',
    option.batchSize(),
    option.optimizer(),
    option.number('--momentum <x>', 'from 0 up to, not including, 1'),
    option.seed('the first seed, from 0 to 4294967295; default: 1'),
    option.shuffle(),
  );
  option.addRuntime(sweep, 'auto');
  option.addHelp(
    sweep,
    'nudge sweep                                     the lecture network with 8 seeds',
    'nudge sweep --preset lecture --seeds 64 --learning-rates 1,3,6 --epochs 2',
    'nudge sweep --layers 784,32,10 --activation relu --output softmax --learning-rates 0.03,0.1,0.3 --json -',
    'nudge sweep --seeds 64 --epochs 30 --checkpoint sweep.safetensors --save best.safetensors',
    'nudge sweep --resume sweep.safetensors          what Ctrl-C left undone',
  );
  sweep.action((options: SweepOptions) => runSweepCommand(options, context));
}

async function runSweepCommand(options: SweepOptions, context: Context): Promise<void> {
  const onInterrupt = 'Stopping within a second or two. Press Ctrl-C again to end at once.';
  await inRun(context, { json: options.json, onInterrupt }, async (run) => {
    const { terminal, interrupt, json } = run;
    const earlier = options.resume === undefined ? undefined : await readEarlier(options);
    const configuration = earlier
      ? { ...earlier.configuration, epochs: options.epochs ?? earlier.configuration.epochs }
      : configure(options);
    const data = options.data ?? earlier?.data;
    const preset = options.preset ?? earlier?.preset;
    const outputs = await prepareOutputs(options);
    const { source, note } = await findData(data);
    if (note !== undefined) terminal.note(note);
    const { runtime: choice = 'auto', browser } = options;
    const runtimeOptions = { runtime: choice, browser, backend: 'webgpu', source } as const;
    await withRuntime(terminal, runtimeOptions, async (runtime) => {
      const progress = showProgress(terminal, configuration);
      const checkpoints = keepCheckpoints(terminal, outputs.checkpoint, (checkpoint) =>
        checkpointFile({ configuration, data, preset }, checkpoint),
      );
      let result: SweepResult;
      try {
        result = await runtime.run(
          'sweep',
          {
            ...configuration,
            resume: earlier?.checkpoint,
            keepsCheckpoints: outputs.checkpoint !== undefined,
          },
          {
            signal: interrupt.signal,
            onEvent: (event) => {
              if (event.type === 'checkpoint') checkpoints.write(event.checkpoint);
              else progress.update(event);
            },
          },
        );
      } catch (error) {
        await checkpoints.finish(false);
        throw error;
      } finally {
        progress.stop();
      }
      // Shown before it is written, so that a full disk does not cost the whole run.
      for (const line of describeSweep(result)) terminal.result(line);
      const { best, ...rest } = result;
      await json.write({
        nudge: nudgeVersion(),
        command: 'sweep',
        configuration: {
          data: dataName(source),
          preset: preset ?? null,
          ...configuration,
          runtime: choice,
        },
        runtime: runtime.facts,
        ...rest,
        best: best ? { seed: best.seed, learningRate: best.learningRate } : null,
        rows: sortRows(result.rows),
      });
      await checkpoints.finish(result.isComplete);
      if (outputs.save && best) {
        const network = new Network({ ...configuration.network, seed: best.seed });
        await saveNetwork(outputs.save, network.withParameters(best.parameters));
        terminal.remark(`Saved ${outputs.save.path}, the first of the list.`);
      } else if (outputs.save) {
        terminal.note(`Every network has diverged, and ${outputs.save.path} was not written.`);
        context.exit(exitCodes.failure);
      }
      if (interrupt.interruption) context.exit(interrupt.interruption.exitCode);
    });
  });
}

function configure(options: SweepOptions): SweepConfiguration {
  const { learningRates, ...args } = option.networkArguments(options);
  return configureSweep({
    ...args,
    learningRates: learningRates && parseLearningRates(learningRates.join(' ')),
  });
}

/** @throws {UsageError | FileError | FormatError} */
async function readEarlier(options: SweepOptions) {
  const names = [
    ...['preset', 'layers', 'activation', 'output', 'cost', 'init', 'batchSize', 'optimizer'],
    ...['momentum', 'seed', 'seeds', 'learningRates', 'shuffle'],
  ] as const satisfies readonly (keyof SweepOptions)[];
  requireNotGiven(options, names);
  return await readCheckpoint(options.resume!);
}

/** @throws {UsageError} when one cannot be written, or two are the same */
async function prepareOutputs(options: SweepOptions) {
  const { json, save } = options;
  // A sweep that is gone on with keeps its file up to date.
  const checkpoint = options.checkpoint ?? options.resume;
  requireDistinct({ json, save, checkpoint });
  const prepare = async (path: string | undefined, flag: string) =>
    path === undefined ? undefined : await prepareOutput(path, flag);
  return {
    save: await prepare(save, '--save'),
    checkpoint: await prepare(checkpoint, '--checkpoint'),
  };
}

/** Writes checkpoints one after another, beside the training. */
function keepCheckpoints(
  terminal: Terminal,
  file: OutputFile | undefined,
  bytesOf: (checkpoint: SweepCheckpoint) => Uint8Array,
) {
  let last = Promise.resolve();
  let failure: Error | undefined;
  let isWritten = false;
  return {
    write(checkpoint: SweepCheckpoint): void {
      const write = async () => {
        await file?.write(bytesOf(checkpoint));
        [failure, isWritten] = [undefined, true];
      };
      // One that fails is told of at the end, unless a later one succeeds.
      last = last.then(write).catch((error: unknown) => void (failure = error as Error));
    },
    /** @throws {FileError} when the last one could not be written */
    async finish(isComplete: boolean): Promise<void> {
      await last;
      if (failure !== undefined) throw failure;
      if (file && isWritten && !isComplete) terminal.note(`Go on with --resume ${file.path}.`);
    },
  };
}

function showProgress(terminal: Terminal, { seeds, optimizers, epochs }: SweepConfiguration) {
  const networks = plural(seeds.length * optimizers.length, 'network');
  const bar = terminal.bar(
    `{epoch} [{bar}] {percentage}%  ${networks}, least cost {cost}  {rate} samples/s  {left} left`,
    100,
    { epoch: 'epoch 1', cost: '…', rate: '…' },
  );
  type Progress = Extract<SweepEvent, { type: 'progress' }>;
  return {
    update: ({ step, steps, epoch, minCost, samplesPerSecond }: Progress) =>
      bar.update((100 * step) / steps, {
        epoch: `epoch ${epoch}/${epochs}`,
        cost: formatCost(minCost),
        rate: formatCount(samplesPerSecond),
      }),
    stop: () => bar.stop(),
  };
}

export function describeSweep(result: SweepResult): string[] {
  const { rows, adapter, isComplete, steps, seconds, samplesPerSecond } = result;
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
    `${isComplete ? '' : 'Stopped early: '}${plural(rows.length, 'network')}, ${plural(steps, 'step')} each, in ${formatSeconds(seconds)}: ` +
      `${formatCount(samplesPerSecond)} samples/s together, on ${adapterName(adapter)}.`,
  ];
}
