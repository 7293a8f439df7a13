/** `nudge train`. */
import { resolve } from 'node:path';

import { Option, type Command } from 'commander';

import type { EpochResult } from '../../benchmark/epochMeter.ts';
import type { TrainEvent, TrainResult } from '../../benchmark/trainJob.ts';
import { scheduleKinds } from '../../engine/schedules.ts';
import { configureTraining, defaults, type TrainArguments } from '../configure.ts';
import { inRun, type Context, type Run } from '../context.ts';
import { findData } from '../dataSource.ts';
import { UsageError } from '../errors.ts';
import { prepareOutput } from '../files.ts';
import * as option from '../options.ts';
import { trainReport } from '../report.ts';
import {
  defaultBudget,
  planOption,
  readPlan,
  tuneConfiguration,
  tunedPlan,
} from '../planOption.ts';
import { sayEngine, withRuntime } from '../runtime.ts';
import { formatCost, formatCount, formatSeconds, formatShare, plural } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { loadNetwork, networkName, saveNetwork } from '../weights.ts';

type TrainOptions = Omit<TrainArguments, 'layers'> &
  option.RawNetworkArguments &
  option.DataArguments &
  option.JsonArguments &
  option.RuntimeArguments & { readonly load?: string; readonly save?: string };

export function addTrain(program: Command, context: Context): void {
  const train = program
    .command('train')
    .summary('train a network')
    .description(
      'Trains a network and evaluates it on the test set after each epoch.\n\n' +
        'Ctrl-C stops after the steps under way. What was learned until then is evaluated, reported (--json, with ' +
        '"isStopped": true) and, if at least one step was made, saved (--save). A second Ctrl-C ends at once and ' +
        'writes nothing.',
    );
  option.addData(train);
  option.addPreset(train);
  option.add(train, 'simple', option.epochs(defaults.epochs));
  option.addBackend(train);
  option.add(
    train,
    'simple',
    new Option('--save <file>', 'write the weights (safetensors)'),
    new Option('--load <file>', 'start from these weights (safetensors)'),
  );
  option.addJson(train);

  option.addNetwork(train, 'advanced');
  option.addInit(train);
  option.add(
    train,
    'advanced',
    option.batchSize(),
    option.number(
      '--learning-rate <x>',
      "the highest, with --schedule; default: the preset's, else one that suits the network; with adam and adamw 0.001",
    ),
    option.optimizer(),
    option.number(
      '--momentum <x>',
      'from 0 up to, not including, 1; with --optimizer momentum and nesterov 0.9',
    ),
    option.number(
      '--weight-decay <x>',
      'of all parameters, biases too; default: 0, with adamw 0.01',
    ),
    option.number(
      '--clip-norm <x>',
      'keep the gradient of all layers within this norm; default: as it is',
    ),
    option.choice(
      '--schedule <name>',
      'how the learning rate changes: constant, step (multiplied by --decay every --decay-every steps), exponential (the same, smoothly) or cosine (to 0 at the end of the run)',
      scheduleKinds,
    ),
    option.number('--decay <x>', 'for --schedule step and exponential; default: 0.5'),
    option.whole('--decay-every <n>', 'steps, for the same; default: an epoch'),
    option.whole('--warmup <n>', 'steps over which the learning rate rises from 0; default: 0', 0),
    option.whole('--steps <n>', 'steps to make, instead of epochs'),
    option.seed('of the first weights and the shuffling, from 0 to 4294967295; default: 1'),
    option.shuffle(),
    option.whole(
      '--threads <n>',
      'cpu: threads that share a step, 0: none but the main one; default: as many as are fastest',
      0,
      64,
    ),
    option.onOff(
      '--stream <on|off>',
      'webgpu, cpu: copy mini-batches as they are needed instead of keeping the whole set; default: where it is too large',
    ),
    planOption(),
  );
  option.addRuntime(train, 'auto');
  option.addHelp(
    train,
    'nudge train                                          the lecture network, 784-16-16-10',
    'nudge train --preset modern --epochs 10 --save modern.safetensors',
    'nudge train --layers 784,64,10 --activation relu --output softmax --optimizer momentum',
    'nudge train --preset modern --optimizer adamw --schedule cosine --warmup 500 --clip-norm 1',
    'nudge train --load modern.safetensors --learning-rate 0.01 --epochs 2 --save better.safetensors',
    'nudge train --data digits --backend webgpu --runtime firefox --json -',
    'nudge train --plan tuned                             the fastest way for this GPU',
  );
  train.action((options: TrainOptions) => runTrain(options, context));
}

async function runTrain(options: TrainOptions, context: Context): Promise<void> {
  const onInterrupt = 'Stopping after the steps under way. Press Ctrl-C again to end at once.';
  await inRun(context, { json: options.json, onInterrupt }, async (run) => {
    const { terminal, interrupt, json } = run;
    const save =
      options.save === undefined ? undefined : await prepareOutput(options.save, '--save');
    if (save && options.json !== undefined && resolve(options.json) === resolve(save.path)) {
      throw new UsageError(
        `--save and --json both name '${save.path}'. Give them different files.`,
      );
    }
    const args = option.networkArguments(options);
    const loaded = options.load === undefined ? undefined : await loadNetwork(options.load, args);
    const { network, training } = configureTraining(args, loaded);
    const given = await readPlan(options.plan, network);

    const { source, note } = await findData(options.data);
    if (note !== undefined) terminal.note(note);
    const { runtime: choice = 'auto', browser } = options;
    const { backend } = training;
    await withRuntime(terminal, { runtime: choice, browser, backend, source }, async (runtime) => {
      const { layers, activation, output, cost, initializer, seed } = network;
      const description = { layers, activation, output, cost, initializer, seed };
      const plan =
        options.plan === 'tuned'
          ? await tunedPlan(run, runtime, tuneConfiguration(description, training, defaultBudget))
          : given;
      // Stopped while it was tuned, before there was anything to stop.
      interrupt.signal.throwIfAborted();
      const progress = showProgress(terminal, training.epochs);
      let result: TrainResult;
      try {
        result = await runtime.run(
          'train',
          {
            ...training,
            network: { ...description, parameters: network.parameters },
            ...(plan && { plan }),
          },
          { signal: interrupt.signal, onEvent: progress.onEvent },
        );
      } finally {
        progress.stop();
      }
      if (save && result.steps > 0) {
        await saveNetwork(save, network.withParameters(result.parameters));
        terminal.remark(`Saved ${save.path} (${networkName(network)}).`);
      }
      await json.write(
        await trainReport({ options, training, description, loaded, source, runtime, result }),
      );
      terminal.result(summary(result));
      if (interrupt.interruption) context.exit(interrupt.interruption.exitCode);
    });
  });
}

/** A bar while an epoch is under way, and a line when it is over. */
function showProgress(terminal: Terminal, epochs: number | undefined) {
  let bar: ReturnType<Run['terminal']['bar']> | undefined;
  const stop = () => bar?.stop();
  const onEvent = (event: TrainEvent) => {
    switch (event.type) {
      case 'start': {
        sayEngine(terminal, event.engine);
        const format =
          '{epoch} [{bar}] {percentage}%  cost {cost}  {accuracy}  {rate} samples/s  {left} left';
        const words = { epoch: 'epoch 1', cost: '…', accuracy: '…', rate: '…' };
        bar = terminal.bar(format, event.steps, words);
        break;
      }
      case 'progress':
        bar?.update(event.step, {
          epoch: `epoch ${event.epoch}${epochs === undefined ? '' : `/${epochs}`}`,
          cost: formatCost(event.cost),
          accuracy: formatShare(event.accuracy),
          rate: formatCount(event.samplesPerSecond),
        });
        break;
      case 'epoch':
        terminal.detail(epochLine(event.result));
        break;
    }
  };
  return { onEvent, stop };
}

function epochLine({ epoch, isComplete, cost, evaluation, ...rest }: EpochResult): string {
  return (
    `epoch ${epoch}${isComplete ? '' : ' (unfinished)'}: cost ${formatCost(cost)}, ` +
    `test cost ${formatCost(evaluation.cost)}, test accuracy ${formatShare(evaluation.accuracy)}, ` +
    `${formatSeconds(rest.seconds)}, ${formatCount(rest.samplesPerSecond)} samples/s`
  );
}

function summary({ engine, epochs, steps, isStopped, evaluation }: TrainResult): string {
  const seconds = epochs.reduce((sum, epoch) => sum + epoch.seconds, 0);
  const samples = epochs.reduce((sum, epoch) => sum + epoch.samples, 0);
  const complete = epochs.filter(({ isComplete }) => isComplete).length;
  const full = complete > 0 ? ` (${plural(complete, 'epoch')})` : '';
  const speed =
    seconds > 0 ? ` in ${formatSeconds(seconds)}, ${formatCount(samples / seconds)} samples/s` : '';
  return (
    `${isStopped ? 'Stopped' : 'Trained'} after ${plural(steps, 'step')}${full}${speed} ` +
    `on ${engine.backend}${engine.adapter?.isSoftware === true ? ' (software)' : ''}: ` +
    `test accuracy ${formatShare(evaluation.accuracy)}, test cost ${formatCost(evaluation.cost)}.`
  );
}
