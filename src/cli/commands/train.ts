/** `nudge train`. */
import type { EpochResult } from '../../benchmark/epochMeter.ts';
import type { EngineFacts, TrainEvent, TrainResult } from '../../benchmark/trainJob.ts';
import { scheduleKinds } from '../../engine/schedules.ts';
import { saveParameters } from '../../formats/parameters.ts';
import type { CheckpointSlots } from '../../formats/checkpointSlots.ts';
import { adapterName } from '../../gpu/adapter.ts';
import { planFile } from '../../gpu/plan/file.ts';
import type { Plan } from '../../gpu/plan/plan.ts';
import type { Network } from '../../network/network.ts';
import type { RecoveryEvent } from '../../training/recovery.ts';
import type { CommandDefinition, Run } from '../command.ts';
import {
  configureTraining,
  defaults,
  optionsOf,
  timeoutOf,
  type TrainArguments,
} from '../configure.ts';
import type { ConfiguredOptimizer } from '../configureOptimizer.ts';
import { dataName, findData } from '../dataSource.ts';
import { UsageError } from '../errors.ts';
import { prepareOutputs, writeAll } from '../files.ts';
import * as option from '../options.ts';
import { defaultBudget, readPlan, tunedPlan } from '../planOption.ts';
import { engineReport, openRuntime, printEngine, runJob } from '../runtime.ts';
import { formatCost, formatCount, formatSeconds, formatShare, plural } from '../table.ts';
import type { Bar, Terminal } from '../terminal.ts';
import {
  CheckpointKeeper,
  newRun,
  noteOf,
  readRun,
  requireSameRun,
  type RunDescription,
} from '../trainCheckpoint.ts';
import { loadNetwork, loadReport, networkName } from '../weights.ts';

type TrainOptions = TrainArguments &
  option.SharedArguments & {
    readonly load?: string;
    readonly save?: string;
    readonly checkpoint?: string;
    readonly checkpointEvery?: number;
    readonly resume?: string;
  };

export const train: CommandDefinition<TrainOptions> = {
  name: 'train',
  summary: 'train a network',
  description: `Trains a network and evaluates it on the test set after each epoch.

Ctrl-C stops after the current steps. The network trained so far is evaluated, reported (--json, with "isStopped": true) and, after at least one step, saved (--save). A second Ctrl-C ends at once and writes nothing.

With --checkpoint, the training is written to a folder before the first step, then once a minute or every --checkpoint-every steps, and at the end or after Ctrl-C. After Ctrl-C, a crash or a power failure, --resume continues to the end of the run, with the same bits as an uninterrupted one. Options that decide the bits come from the checkpoint; --epochs and --steps count from the start of the run.`,
  simple: [
    option.data(),
    option.preset(),
    option.epochs(defaults.epochs),
    option.backend(),
    option.text('--save <file>', 'write the trained weights (safetensors)'),
    option.text('--load <file>', 'start from these weights (safetensors)').conflicts('init'),
    option.text('--checkpoint <folder>', 'write the state of the training there, for --resume'),
    option
      .text('--resume <folder>', 'continue a training from its --checkpoint')
      .conflicts('checkpoint'),
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
    option.seconds(
      '--gpu-timeout <s>',
      'webgpu: seconds without finished work after which the GPU counts as lost; default: 5 on most adapters',
      [1, 86_400],
    ),
    option.text(
      '--plan <which>',
      `webgpu: default, tuned (the fastest; found in ${defaultBudget} s the first time, then reused) or a file from nudge tune; default: default`,
    ),
    option.whole('--checkpoint-every <n>', 'steps between two checkpoints; default: one a minute'),
    ...option.runtime(),
  ],
  examples: [
    'nudge train                                          the lecture network, 784-16-16-10',
    'nudge train --preset modern --epochs 10 --save modern.safetensors',
    'nudge train --layers 784,64,10 --activation relu --output softmax --optimizer momentum',
    'nudge train --preset modern --optimizer adamw --schedule cosine --warmup 500 --clip-norm 1',
    'nudge train --load modern.safetensors --learning-rate 0.01 --epochs 2 --save better.safetensors',
    'nudge train --epochs 100 --checkpoint run --save w.safetensors',
    'nudge train --resume run --save w.safetensors        continue after Ctrl-C or a crash',
    'nudge train --plan tuned                             the fastest plan for this GPU',
  ],
  onInterrupt: 'Stopping after the current steps. Press Ctrl-C again to end at once.',
  work: runTrain,
};

async function runTrain(run: Run, options: TrainOptions): Promise<void> {
  const { terminal, interrupt } = run;
  const { save } = await prepareOutputs(options.json, { save: options.save });
  const start = options.resume === undefined ? await begin(options) : await goOn(run, options);
  const { network, training, description: about } = start;
  let { plan } = start;
  const description = optionsOf(network);

  const { source, note } = await findData(options.data ?? about.data);
  if (note !== undefined) terminal.note(note);
  const { backend, batchSize, epochs } = training;
  const runtime = await openRuntime(run, { ...options, runtime: about.runtime, backend, source });
  if (about.plan === 'tuned' && !start.bytes) {
    // The schedule does not change the time of a step.
    const settings = { ...start.optimizer!, schedule: undefined, budgetMs: 1000 * defaultBudget };
    plan = await tunedPlan(run, runtime, { network: description, batchSize, ...settings });
  }
  // Ctrl-C ends tuning without an error; the training has not started then.
  interrupt.signal.throwIfAborted();
  const keeper = start.slots && new CheckpointKeeper(start.slots, terminal);
  const everySteps = about.checkpointEvery;
  const showEvent = showProgress(terminal, epochs);
  const result = await runJob(
    run,
    runtime,
    'train',
    {
      ...training,
      network: { ...description, parameters: network.parameters },
      ...(plan && { plan }),
      ...(start.bytes && { resume: start.bytes }),
      ...(keeper && {
        checkpoints: { note: noteOf({ ...about, data: dataName(source) }), everySteps },
      }),
    },
    (event) => (event.type === 'checkpoint' ? keeper?.write(event) : showEvent(event)),
  ).catch((error: unknown) => {
    terminal.stopBar();
    keeper?.announce();
    throw error;
  });
  const { engine, epochs: epochResults, parameters, resumedFrom, ...outcome } = result;
  terminal.stopBar();
  const problem = resumedFrom && describeChange(resumedFrom, engine);
  if (problem !== undefined) terminal.note(problem);
  if (result.isStopped) keeper?.announce();
  // The summary is printed before files are written, so that a full disk does not lose it.
  terminal.result(summary(result));
  // With the same seed, adapter and options, everything but the times repeats.
  const report = {
    configuration: {
      ...{ data: dataName(source), preset: about.preset, network: description, load: about.load },
      weightDecay: training.optimizer === 'adamw' ? 0.01 : 0,
      ...{ clipNorm: null, schedule: null, epochs: null, steps: null },
      ...{ threads: 'auto', stream: 'auto' },
      ...training,
      ...{ plan: about.plan, runtime: about.runtime },
    },
    runtime: runtime.facts,
    ...engineReport(engine),
    exactPlan: engine.exactPlan ? planFile(description, engine.exactPlan) : null,
    resumedFrom: resumedFrom ? { folder: options.resume, ...resumedFrom } : null,
    checkpoint: keeper?.facts ?? null,
    parameterCount: network.parameterCount,
    epochs: epochResults.map(({ evaluation, ...epoch }) => ({
      ...epoch,
      testCost: evaluation.cost,
      accuracy: evaluation.accuracy,
    })),
    ...outcome,
  };
  const writeWeights = async () => {
    if (!save || result.steps === 0) return;
    await save.write(saveParameters(network.withParameters(parameters)));
    terminal.remark(`Saved ${save.path} (${networkName(network)}).`);
  };
  await writeAll(() => run.report(report), writeWeights);
}

/** What a training starts from. */
interface Start {
  /** With the parameters that training starts from. */
  readonly network: Network;
  readonly optimizer?: ConfiguredOptimizer;
  readonly training: RunDescription['training'];
  readonly plan?: Plan | undefined;
  /** `data` is the value of `--data`; undefined if it was not given. */
  readonly description: Omit<RunDescription, 'data'> & { readonly data: string | undefined };
  readonly slots?: CheckpointSlots | undefined;
  /** The checkpoint to continue. */
  readonly bytes?: Uint8Array;
}

/** A new training, as the options describe it. */
async function begin(options: TrainOptions): Promise<Start> {
  const { load, plan: which = 'default', checkpoint, checkpointEvery } = options;
  if (checkpointEvery !== undefined && checkpoint === undefined) {
    throw new UsageError(
      `--checkpoint-every ${checkpointEvery} has no effect without --checkpoint or --resume. Add one of them, or leave it out.`,
    );
  }
  const loaded = load === undefined ? undefined : await loadNetwork(load, options);
  const { network, optimizer, training } = configureTraining(options, loaded);
  const isFile = which !== 'default' && which !== 'tuned';
  return {
    ...{ network, optimizer, training },
    plan: isFile ? await readPlan(which, network) : undefined,
    description: {
      data: options.data,
      preset: options.preset ?? null,
      load: await loadReport(load, loaded),
      ...{ plan: which, runtime: options.runtime ?? 'auto', checkpointEvery, training },
    },
    slots: checkpoint === undefined ? undefined : await newRun(checkpoint),
  };
}

/** The training that `--resume` continues. */
async function goOn({ terminal }: Run, options: TrainOptions): Promise<Start> {
  const earlier = await readRun(options.resume!, terminal);
  requireSameRun(options, earlier);
  const { slots, bytes, network, step, ...description } = earlier;
  const { epochs, steps, backend, threads, stream } = options;
  const length = steps !== undefined ? { steps } : epochs !== undefined ? { epochs } : undefined;
  const { epochs: usedEpochs, steps: usedSteps, ...used } = earlier.training;
  const training = {
    ...used,
    ...(length ?? (usedSteps === undefined ? { epochs: usedEpochs } : { steps: usedSteps })),
    ...(backend !== undefined && { backend }),
    ...(threads !== undefined && { threads }),
    ...(stream !== undefined && { stream }),
    ...timeoutOf(options, backend ?? used.backend),
  };
  terminal.remark(`Continuing ${options.resume!} from step ${step}.`);
  return {
    ...{ network, training, slots, bytes },
    description: {
      ...description,
      runtime: options.runtime ?? description.runtime,
      checkpointEvery: options.checkpointEvery ?? description.checkpointEvery,
      training,
    },
  };
}

/** What differs from the machine of the checkpoint, and so may change the bits; undefined if nothing does. */
function describeChange(
  resumedFrom: NonNullable<TrainResult['resumedFrom']>,
  engine: TrainResult['engine'],
): string | undefined {
  // The CPU's kernels differ by runtime. The number of threads in use does not change the bits.
  const name = ({ backend, adapter, plan }: EngineFacts | typeof resumedFrom) =>
    adapter
      ? `${backend} on ${adapterName(adapter)}`
      : `${backend}${plan === undefined ? '' : ` (${plan.split(',')[0]!})`}`;
  const [before, now] = [name(resumedFrom), name(engine)];
  if (before !== now) {
    return `The checkpoint was made with ${before}, and this run used ${now}. The bits may differ from an uninterrupted run's.`;
  }
  const { planProblem } = resumedFrom;
  if (planProblem === undefined) return undefined;
  return `The plan of the checkpoint does not fit this adapter, so this run used the default plan. The bits may differ from an uninterrupted run's. ${planProblem}`;
}

/** Shows a bar, and a line after each epoch. */
function showProgress(terminal: Terminal, epochs: number | undefined) {
  let bar: Bar | undefined;
  return (event: Exclude<TrainEvent, { type: 'checkpoint' }>) => {
    if (event.type === 'start') {
      printEngine(terminal, event.engine);
      const format =
        '{epoch} [{bar}] {percentage}%  cost {cost}  {accuracy}  {rate} samples/s  {left} left';
      const words = { epoch: 'epoch 1', cost: '…', accuracy: '…', rate: '…' };
      bar = terminal.bar(format, event.steps, words);
    } else if (event.type === 'epoch') {
      terminal.detail(epochLine(event.result));
    } else if (event.type !== 'progress') {
      terminal.note(recoveryLine(event));
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

const lossCauses = {
  destroyed: 'its device was destroyed',
  unknown: 'its device was taken away',
  timeout: 'it stopped answering',
} as const;

function recoveryLine(event: RecoveryEvent): string {
  const step = event.step.toLocaleString('en');
  if (event.type === 'lost') {
    return `The GPU was lost at step ${step} (${lossCauses[event.reason]}). Another device is requested.`;
  }
  const { adapter, backend, seconds, replayedSteps, isSamePlan, isSameAdapter } = event;
  const hasSameBits = isSamePlan && isSameAdapter;
  return (
    `Training goes on on ${adapter ? adapterName(adapter) : backend} after ${formatSeconds(seconds)}; ` +
    `${plural(replayedSteps, 'step')} were repeated.` +
    (hasSameBits ? '' : ' The results differ in rounding from those of the lost GPU.')
  );
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
