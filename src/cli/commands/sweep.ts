/** `nudge sweep`. */
import {
  maxNetworks,
  sortRows,
  type SweepCheckpoint,
  type SweepConfiguration,
  type SweepEvent,
  type SweepResult,
} from '../../benchmark/sweepJob.ts';
import { saveParameters } from '../../formats/parameters.ts';
import { adapterName } from '../../gpu/adapter.ts';
import { Network } from '../../network/network.ts';
import type { MemberResult } from '../../training/sweep.ts';
import type { CommandDefinition, Run } from '../command.ts';
import { configureSweep, sweepDefaults, type SweepArguments } from '../configureSweep.ts';
import { dataName, findData } from '../dataSource.ts';
import { exitCodes } from '../errors.ts';
import { prepareOutputs, writeAll, type OutputFile } from '../files.ts';
import * as option from '../options.ts';
import { openRuntime, runJob } from '../runtime.ts';
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
import { parseNumber } from '../values.ts';

type SweepOptions = SweepArguments &
  Omit<option.SharedArguments, 'backend'> & {
    readonly save?: string;
    readonly checkpoint?: string;
    readonly resume?: string;
  };

/** Settings that `--resume` takes from its file. */
const settings: (keyof SweepOptions)[] = [
  ...(['preset', 'layers', 'activation', 'output', 'cost', 'init', 'batchSize'] as const),
  ...(['optimizer', 'momentum', 'seed', 'seeds', 'learningRates', 'shuffle'] as const),
];

export const sweep: CommandDefinition<SweepOptions> = {
  name: 'sweep',
  summary: 'train many small networks at once, to compare seeds and learning rates',
  description: `Trains one network for each seed and learning rate, all at once on the GPU, evaluates them on the test set, and lists them from best to worst. Each network equals the one that nudge train gives for the same seed.

Ctrl-C stops within a second or two and lists the networks as they are. With --checkpoint, --resume continues after Ctrl-C or a failure and reaches the same weights as an uninterrupted sweep. A second Ctrl-C ends at once.`,
  simple: [
    option.data(),
    option.preset(),
    option.whole(
      '--seeds <n>',
      `number of seeds, counting up from --seed; default: ${sweepDefaults.seeds}`,
      1,
      maxNetworks,
    ),
    option.list(
      '--learning-rates <rates...>',
      "learning rates to try with each seed: 1,3,6; default: the preset's, else one that suits the network",
      (part, name) => parseNumber(`Each rate in ${name}`, part),
    ),
    option.epochs(sweepDefaults.epochs),
    option.text('--save <file>', 'write the weights of the best network (safetensors)'),
    option.text('--checkpoint <file>', 'write the state every minute and at the end, for --resume'),
    option.resume('a sweep from its --checkpoint; --epochs may be larger', settings),
    option.json(),
  ],
  advanced: [
    ...option.network(),
    option.init(),
    option.batchSize(),
    option.optimizer(),
    option.number('--momentum <x>', 'from 0 to below 1'),
    option.seed('the first seed, from 0 to 4294967295; default: 1'),
    option.shuffle(),
    ...option.runtime(),
  ],
  examples: [
    'nudge sweep                                     the lecture network with 8 seeds',
    'nudge sweep --preset lecture --seeds 64 --learning-rates 1,3,6 --epochs 2',
    'nudge sweep --layers 784,32,10 --activation relu --output softmax --learning-rates 0.03,0.1,0.3 --json -',
    'nudge sweep --seeds 64 --epochs 30 --checkpoint sweep.safetensors --save best.safetensors',
    'nudge sweep --resume sweep.safetensors          continue after Ctrl-C',
  ],
  onInterrupt: 'Stopping within a second or two. Press Ctrl-C again to end at once.',
  work: runSweep,
};

async function runSweep(run: Run, options: SweepOptions): Promise<void> {
  const { terminal } = run;
  const { resume } = options;
  const earlier = resume === undefined ? undefined : await readCheckpoint(resume);
  const configuration = earlier
    ? { ...earlier.configuration, epochs: options.epochs ?? earlier.configuration.epochs }
    : configureSweep(options);
  const data = options.data ?? earlier?.data;
  const preset = options.preset ?? earlier?.preset;
  const outputs = await prepareOutputs(options.json, {
    save: options.save,
    // A resumed sweep keeps its own checkpoint up to date.
    checkpoint: options.checkpoint ?? resume,
  });
  const { source, note } = await findData(data);
  if (note !== undefined) terminal.note(note);
  const runtime = await openRuntime(run, { ...options, backend: 'webgpu', source });
  const showProgress = progressBar(terminal, configuration);
  const checkpoints = keepCheckpoints(terminal, outputs.checkpoint, (checkpoint) =>
    checkpointFile({ configuration, data, preset }, checkpoint),
  );
  const result = await runJob(
    run,
    runtime,
    'sweep',
    {
      ...configuration,
      resume: earlier?.checkpoint,
      keepsCheckpoints: outputs.checkpoint !== undefined,
    },
    (event) => {
      if (event.type === 'checkpoint') checkpoints.write(event.checkpoint);
      else showProgress(event);
    },
  ).catch(async (error: unknown) => {
    await checkpoints.finish(false);
    throw error;
  });
  terminal.stopBar();
  // The result is printed before files are written, so that a full disk does not lose it.
  terminal.result(...describeSweep(result));
  const { best, ...rest } = result;
  const report = {
    configuration: {
      data: dataName(source),
      preset: preset ?? null,
      ...configuration,
      runtime: options.runtime ?? 'auto',
    },
    runtime: runtime.facts,
    ...rest,
    best: best ? { seed: best.seed, learningRate: best.learningRate } : null,
    rows: sortRows(result.rows),
  };
  const writeBest = async () => {
    if (!outputs.save) return;
    if (best) {
      const network = new Network({ ...configuration.network, seed: best.seed }, best.parameters);
      await outputs.save.write(saveParameters(network));
      terminal.remark(`Saved the best network in ${outputs.save.path}.`);
    } else {
      terminal.note(`Every network diverged. ${outputs.save.path} was not written.`);
      run.exit(exitCodes.failure);
    }
  };
  await writeAll(
    () => run.report(report),
    () => checkpoints.finish(result.isComplete),
    writeBest,
  );
}

/** Writes checkpoints one after another while the networks train. */
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
      // A failure is reported at the end, unless a later checkpoint succeeds.
      last = last.then(write).catch((error: unknown) => void (failure = error as Error));
    },
    /** @throws {FileError} when the last checkpoint could not be written */
    async finish(isComplete: boolean): Promise<void> {
      await last;
      if (failure !== undefined) throw failure;
      if (file && isWritten && !isComplete) terminal.note(`Continue with --resume ${file.path}.`);
    },
  };
}

function progressBar(terminal: Terminal, { seeds, optimizers, epochs }: SweepConfiguration) {
  const networks = plural(seeds.length * optimizers.length, 'network');
  const bar = terminal.bar(
    `{epoch} [{bar}] {percentage}%  ${networks}, lowest cost {cost}  {rate} samples/s  {left} left`,
    100,
    { epoch: 'epoch 1', cost: '…', rate: '…' },
  );
  type Progress = Extract<SweepEvent, { type: 'progress' }>;
  return ({ step, steps, epoch, minCost, samplesPerSecond }: Progress) =>
    bar.update((100 * step) / steps, {
      epoch: `epoch ${epoch}/${epochs}`,
      cost: formatCost(minCost),
      rate: formatCount(samplesPerSecond),
    });
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
