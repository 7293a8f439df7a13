/** `nudge train`. */
import type { EpochResult } from '../../benchmark/epochMeter.ts';
import type { TrainEvent, TrainResult } from '../../benchmark/trainJob.ts';
import { scheduleKinds } from '../../engine/schedules.ts';
import { saveParameters } from '../../formats/parameters.ts';
import { planFile } from '../../gpu/plan/file.ts';
import type { CommandDefinition, Run } from '../command.ts';
import { configureTraining, defaults, optionsOf, type TrainArguments } from '../configure.ts';
import { dataName, findData } from '../dataSource.ts';
import { prepareOutputs } from '../files.ts';
import * as option from '../options.ts';
import { defaultBudget, readPlan, tunedPlan } from '../planOption.ts';
import { engineReport, openRuntime, printEngine, runJob } from '../runtime.ts';
import { formatCost, formatCount, formatSeconds, formatShare, plural } from '../table.ts';
import type { Bar, Terminal } from '../terminal.ts';
import { loadNetwork, loadReport, networkName } from '../weights.ts';

type TrainOptions = TrainArguments &
  option.SharedArguments & { readonly load?: string; readonly save?: string };

export const train: CommandDefinition<TrainOptions> = {
  name: 'train',
  summary: 'train a network',
  description: `Trains a network and evaluates it on the test set after each epoch.

Ctrl-C stops after the current steps. The network trained so far is evaluated, reported (--json, with "isStopped": true) and, after at least one step, saved (--save). A second Ctrl-C ends at once and writes nothing.`,
  simple: [
    option.data(),
    option.preset(),
    option.epochs(defaults.epochs),
    option.backend(),
    option.text('--save <file>', 'write the trained weights (safetensors)'),
    option.text('--load <file>', 'start from these weights (safetensors)').conflicts('init'),
    option.json(),
  ],
  advanced: [
    ...option.network(),
    option.init(),
    option.batchSize(),
    option.number(
      '--learning-rate <x>',
      "the learning rate, or the maximum of --schedule; default: 0.001 for adam and adamw, else the preset's or one that suits the network",
    ),
    option.optimizer(),
    option.number('--momentum <x>', 'from 0 to below 1; default: 0.9 for momentum and nesterov'),
    option.number('--weight-decay <x>', 'decay of weights and biases; default: 0, for adamw 0.01'),
    option.number('--clip-norm <x>', 'maximum norm of the whole gradient; default: no limit'),
    option.choice(
      '--schedule <name>',
      'how the learning rate changes: constant, step (multiplied by --decay every --decay-every steps), exponential (the same, but smooth) or cosine (to 0 at the end of the run)',
      scheduleKinds,
    ),
    option.number('--decay <x>', 'factor of --schedule step and exponential; default: 0.5'),
    option.whole('--decay-every <n>', 'steps per factor of --decay; default: one epoch'),
    option.whole('--warmup <n>', 'steps over which the learning rate rises from 0; default: 0', 0),
    option.whole('--steps <n>', 'train this number of steps instead of epochs').conflicts('epochs'),
    option.seed('seed of initial weights and shuffling, from 0 to 4294967295; default: 1'),
    option.shuffle(),
    option.whole(
      '--threads <n>',
      'cpu: worker threads (0: none); default: the fastest number',
      0,
      64,
    ),
    option.onOff(
      '--stream <on|off>',
      'webgpu, cpu: copy each mini-batch when it is needed, instead of the whole set at once; default: on if the set is too large',
    ),
    option.text(
      '--plan <which>',
      `webgpu: default, tuned (the fastest; found in ${defaultBudget} s the first time, then reused) or a file from nudge tune; default: default`,
    ),
    ...option.runtime(),
  ],
  examples: [
    'nudge train                                          the lecture network, 784-16-16-10',
    'nudge train --preset modern --epochs 10 --save modern.safetensors',
    'nudge train --layers 784,64,10 --activation relu --output softmax --optimizer momentum',
    'nudge train --preset modern --optimizer adamw --schedule cosine --warmup 500 --clip-norm 1',
    'nudge train --load modern.safetensors --learning-rate 0.01 --epochs 2 --save better.safetensors',
    'nudge train --plan tuned                             the fastest plan for this GPU',
  ],
  onInterrupt: 'Stopping after the current steps. Press Ctrl-C again to end at once.',
  work: runTrain,
};

async function runTrain(run: Run, options: TrainOptions): Promise<void> {
  const { terminal, interrupt } = run;
  const { load, plan: which = 'default' } = options;
  const { save } = await prepareOutputs(options.json, { save: options.save });
  const loaded = load === undefined ? undefined : await loadNetwork(load, options);
  const { network, optimizer, training } = configureTraining(options, loaded);
  const description = optionsOf(network);
  const isFile = which !== 'default' && which !== 'tuned';
  let plan = isFile ? await readPlan(which, network) : undefined;

  const { source, note } = await findData(options.data);
  if (note !== undefined) terminal.note(note);
  const { backend, batchSize, epochs } = training;
  const runtime = await openRuntime(run, { ...options, backend, source });
  if (which === 'tuned') {
    // The schedule does not change the time of a step.
    const settings = { ...optimizer, schedule: undefined, budgetMs: 1000 * defaultBudget };
    plan = await tunedPlan(run, runtime, { network: description, batchSize, ...settings });
  }
  // Ctrl-C ends tuning without an error; the training has not started then.
  interrupt.signal.throwIfAborted();
  const result = await runJob(
    run,
    runtime,
    'train',
    {
      ...training,
      network: { ...description, parameters: network.parameters },
      ...(plan && { plan }),
    },
    showProgress(terminal, epochs),
  );
  const { engine, epochs: epochResults, parameters, ...outcome } = result;
  terminal.stopBar();
  if (save && result.steps > 0) {
    await save.write(saveParameters(network.withParameters(parameters)));
    terminal.remark(`Saved ${save.path} (${networkName(network)}).`);
  }
  // With the same seed, adapter and options, everything but the times repeats.
  await run.report({
    configuration: {
      data: dataName(source),
      preset: options.preset ?? null,
      network: description,
      load: await loadReport(load, loaded),
      weightDecay: training.optimizer === 'adamw' ? 0.01 : 0,
      ...{ clipNorm: null, schedule: null, epochs: null, steps: null },
      ...{ threads: 'auto', stream: 'auto' },
      ...training,
      plan: which,
      runtime: options.runtime ?? 'auto',
    },
    runtime: runtime.facts,
    ...engineReport(engine),
    exactPlan: engine.exactPlan ? planFile(description, engine.exactPlan) : null,
    parameterCount: network.parameterCount,
    epochs: epochResults.map(({ evaluation, ...epoch }) => ({
      ...epoch,
      testCost: evaluation.cost,
      accuracy: evaluation.accuracy,
    })),
    ...outcome,
  });
  terminal.result(summary(result));
}

/** Shows a bar, and a line after each epoch. */
function showProgress(terminal: Terminal, epochs: number | undefined) {
  let bar: Bar | undefined;
  return (event: TrainEvent) => {
    if (event.type === 'start') {
      printEngine(terminal, event.engine);
      const format =
        '{epoch} [{bar}] {percentage}%  cost {cost}  {accuracy}  {rate} samples/s  {left} left';
      const words = { epoch: 'epoch 1', cost: '…', accuracy: '…', rate: '…' };
      bar = terminal.bar(format, event.steps, words);
    } else if (event.type === 'epoch') {
      terminal.detail(epochLine(event.result));
    } else {
      bar?.update(event.step, {
        epoch: `epoch ${event.epoch}${epochs === undefined ? '' : `/${epochs}`}`,
        cost: formatCost(event.cost),
        accuracy: formatShare(event.accuracy),
        rate: formatCount(event.samplesPerSecond),
      });
    }
  };
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
