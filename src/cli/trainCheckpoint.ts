/** The checkpoints of `nudge train`: `--checkpoint` writes them, `--resume` continues one. */
import * as v from 'valibot';

import type { TrainConfiguration, TrainEvent } from '../benchmark/trainJob.ts';
import { FormatError } from '../errors.ts';
import { CheckpointSlots } from '../formats/checkpointSlots.ts';
import type { Network } from '../network/network.ts';
import { folderCheckpoints } from '../node/checkpointFolder.ts';
import { readCheckpoint } from '../training/checkpoint.ts';
import { runtimes, type RuntimeChoice, type TrainArguments } from './configure.ts';
import { UsageError } from './errors.ts';
import { located, parseJson } from './files.ts';
import type { Terminal } from './terminal.ts';
import { nudgeVersion } from './versions.ts';

/** What `nudge train` writes into a checkpoint beside the training itself. */
export interface RunDescription {
  /** `digits`, or the folder of MNIST. */
  readonly data: string;
  readonly preset: string | null;
  readonly load: { readonly file?: string | undefined; readonly sha256: string } | null;
  /** The value of `--plan`. */
  readonly plan: string;
  readonly runtime: RuntimeChoice;
  readonly checkpointEvery?: number | undefined;
  readonly training: Omit<TrainConfiguration, 'network' | 'plan' | 'resume' | 'checkpoints'>;
}

/** A checkpoint that `--resume` continues. */
export interface EarlierRun extends RunDescription {
  readonly slots: CheckpointSlots;
  readonly bytes: Uint8Array;
  /** With the parameters of the checkpoint. */
  readonly network: Network;
  readonly step: number;
}

const program = 'nudge train';
const expected = `a checkpoint that ${program} wrote`;
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
// The code that uses the training's settings checks their meaning; the trainer takes its own from the file.
const schema = v.object({
  program: v.literal(program),
  nudge: v.string(),
  data: v.string(),
  preset: v.nullable(v.string()),
  load: v.nullable(v.object({ file: v.optional(v.string()), sha256: v.string() })),
  plan: v.string(),
  runtime: v.picklist(runtimes),
  checkpointEvery: v.optional(v.pipe(count, v.minValue(1))),
  training: v.looseObject({
    epochs: v.optional(v.pipe(count, v.minValue(1))),
    steps: v.optional(v.pipe(count, v.minValue(1))),
    learningRate: v.number(),
    momentum: v.number(),
    schedule: v.optional(v.looseObject({ kind: v.string(), warmUpSteps: v.number() })),
  }),
});

/** The note for `Trainer.checkpoint`. */
export function noteOf(description: RunDescription): string {
  return JSON.stringify({ program, nudge: nudgeVersion(), ...description });
}

/** Reads what {@link noteOf} wrote. @throws {FormatError} for another text */
export function readNote(note: string) {
  return parseJson(schema, note, expected);
}

/**
 * Reads the newest checkpoint in the folder of `--resume`.
 * @throws {UsageError} when the folder has none
 * @throws {FileError | FormatError} when none can be read, or another program wrote it
 */
export async function readRun(folder: string, terminal: Terminal): Promise<EarlierRun> {
  const slots = folderCheckpoints(folder);
  const newest = await slots.readNewest();
  if (!newest) {
    throw new UsageError(
      `There is no checkpoint in '${folder}'. Name a folder that nudge train --checkpoint wrote to.`,
    );
  }
  const { bytes, problem } = newest;
  try {
    const { network, position, settings, backend, note } = await readCheckpoint(bytes);
    if (note === undefined) {
      throw new FormatError(
        `This is not ${expected}: it has no note. Continue it with Trainer.resume.`,
        0,
      );
    }
    const { nudge, training, ...description } = readNote(note);
    if (problem !== undefined) {
      terminal.note(`${problem} The other file of ${folder}, at step ${position.step}, is whole.`);
    }
    if (nudge !== nudgeVersion()) {
      terminal.note(
        `nudge ${nudge} wrote the checkpoint, and this is nudge ${nudgeVersion()}. It may round differently.`,
      );
    }
    const { batchSize, seed, shuffle } = settings;
    return {
      ...description,
      training: {
        ...(training as unknown as RunDescription['training']),
        // `auto` has chosen before, and another choice would give other bits.
        ...{ batchSize, seed, shuffle, backend },
      },
      ...{ slots, bytes, network, step: position.step },
    };
  } catch (error) {
    throw located(error, folder);
  }
}

/**
 * Checks that the options agree with the run that they continue. `--epochs`, `--steps`, and options of the machine may
 * differ.
 * @throws {UsageError} with both values
 */
export function requireSameRun(
  options: TrainArguments & { readonly load?: string },
  { network, training, preset, load, plan }: EarlierRun,
): void {
  const { schedule, weightDecay, clipNorm } = training;
  type Value = string | number | boolean | readonly (string | number)[] | null | undefined;
  const decided: readonly (readonly [name: string, given: Value, used: Value])[] = [
    ['preset', options.preset, preset],
    ['layers', options.layers, network.layers],
    ['activation', options.activation, network.activation],
    ['output', options.output, network.output],
    ['cost', options.cost, network.cost],
    ['init', options.init, network.initializer],
    ['load', options.load, load?.file],
    ['batch-size', options.batchSize, training.batchSize],
    ['optimizer', options.optimizer, training.optimizer],
    ['learning-rate', options.learningRate, training.learningRate],
    ['momentum', options.momentum, training.momentum],
    [
      'weight-decay',
      options.weightDecay,
      weightDecay ?? (training.optimizer === 'adamw' ? 0.01 : 0),
    ],
    ['clip-norm', options.clipNorm, clipNorm],
    ['schedule', options.schedule, schedule?.kind ?? 'constant'],
    ['decay', options.decay, schedule?.decay ?? 0.5],
    ['decay-every', options.decayEvery, schedule?.decayEvery],
    ['warmup', options.warmup, schedule?.warmUpSteps ?? 0],
    ['seed', options.seed, training.seed],
    ['shuffle', options.shuffle, training.shuffle],
    ['plan', options.plan, plan],
  ];
  for (const [name, given, used] of decided) {
    if (given === undefined || String(given) === String(used)) continue;
    const show = (value: Value) =>
      typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value ?? 'no such option');
    throw new UsageError(
      `--${name} ${show(given)} contradicts the checkpoint, which was made with ${show(used)}. Leave --${name} out, or start a new run with --checkpoint.`,
    );
  }
}

/**
 * The slots of a new run.
 * @throws {UsageError} when the folder already has a checkpoint, which would be lost
 */
export async function newRun(folder: string): Promise<CheckpointSlots> {
  const slots = folderCheckpoints(folder);
  if ((await slots.readNewest()) === undefined) return slots;
  throw new UsageError(
    `--checkpoint ${folder} already holds the checkpoint of a run. Continue that run with --resume ${folder}, or name another folder.`,
  );
}

type CheckpointEvent = Extract<TrainEvent, { type: 'checkpoint' }>;

/** Writes the checkpoints of a training. */
export class CheckpointKeeper {
  readonly #slots: CheckpointSlots;
  readonly #terminal: Terminal;
  #sequence: number | undefined;
  #failure: Error | undefined;

  constructor(slots: CheckpointSlots, terminal: Terminal) {
    this.#slots = slots;
    this.#terminal = terminal;
  }

  /**
   * Resolves when the checkpoint is on the disk. A failure is noted, and training goes on.
   * @throws {FileError} when the first one cannot be written: the training has not begun then
   */
  async write({ bytes, step }: CheckpointEvent): Promise<void> {
    try {
      this.#sequence = await this.#slots.write(bytes);
      this.#failure = undefined;
    } catch (error) {
      if (this.#sequence === undefined) throw error;
      // A full disk is noted once, not every minute.
      if (!this.#failure) {
        this.#terminal.note(
          `${(error as Error).message} Training goes on from step ${step}; the checkpoint before is whole.`,
        );
      }
      this.#failure = error as Error;
    }
  }

  /** Says how to continue. */
  announce(): void {
    if (this.#sequence === undefined) return;
    const { place } = this.#slots;
    this.#terminal.note(`Continue with --resume ${place}.`);
  }

  /** For the report. */
  get facts() {
    const { place } = this.#slots;
    return {
      folder: place,
      sequence: this.#sequence ?? null,
      failure: this.#failure?.message ?? null,
    };
  }
}
