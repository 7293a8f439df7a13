/** The file of `nudge sweep --checkpoint`: the configuration and the state of all networks, as safetensors. */
import * as v from 'valibot';

import type { SweepCheckpoint, SweepConfiguration } from '../benchmark/sweepJob.ts';
import { FormatError } from '../errors.ts';
import {
  float32Tensor,
  float32Values,
  float64Tensor,
  float64Values,
  readSafetensors,
  writeSafetensors,
  type Tensor,
} from '../formats/safetensors.ts';
import { escapeInvisible } from '../network/arguments.ts';
import { UsageError } from './errors.ts';
import { parseJson, readInput } from './files.ts';
import { nudgeVersion } from './versions.ts';

export interface SweepDescription {
  readonly configuration: SweepConfiguration;
  /** The values of `--data` and `--preset`. */
  readonly data?: string | undefined;
  readonly preset?: string | undefined;
}

const metadataKey = 'nudge sweep';
const expected = 'a checkpoint that nudge sweep --checkpoint wrote';

/** The bytes of a checkpoint file. */
export function checkpointFile(
  description: SweepDescription,
  { state, epochSums, lastEpoch, trained, data }: SweepCheckpoint,
): Uint8Array {
  const { values, ...place } = state;
  const { seeds, optimizers } = description.configuration;
  const count = seeds.length * optimizers.length;
  const tensors = new Map([
    ['states', float32Tensor([count, values.length / count], values)],
    ['epochSums', float64Tensor([count, 3], epochSums)],
    ['lastEpoch', float64Tensor([count, 2], lastEpoch)],
  ]);
  const about = { nudge: nudgeVersion(), ...description, ...place, trained, sha256: data };
  return writeSafetensors(tensors, new Map([[metadataKey, JSON.stringify(about)]]));
}

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const amount = v.pipe(v.number(), v.finite(), v.minValue(0));
const aboutSchema = v.object({
  nudge: v.string(),
  // The code that uses the settings checks their meaning.
  configuration: v.object({
    network: v.looseObject({ layers: v.array(v.number()) }),
    batchSize: v.number(),
    epochs: v.pipe(count, v.minValue(1)),
    shuffle: v.boolean(),
    seeds: v.pipe(v.array(count), v.minLength(1)),
    optimizers: v.pipe(v.array(v.looseObject({ learningRate: v.number() })), v.minLength(1)),
  }),
  data: v.optional(v.string()),
  preset: v.optional(v.string()),
  ...{ step: count, epoch: count, stepOfEpoch: count },
  trained: v.object({ samples: amount, seconds: amount }),
  sha256: v.string(),
});

type SweepFile = SweepDescription & { readonly checkpoint: SweepCheckpoint };

/**
 * Reads the checkpoint that `--resume` names.
 * @throws {FileError | FormatError} when it cannot be read, or is not a checkpoint
 * @throws {UsageError} when another version of nudge wrote it
 */
export function readCheckpoint(path: string): Promise<SweepFile> {
  return readInput(path, '--resume', (bytes) => parseCheckpoint(bytes, path));
}

/**
 * {@link readCheckpoint} for the content of the file.
 * @param path for messages
 */
export function parseCheckpoint(bytes: Uint8Array, path: string): SweepFile {
  const { tensors, metadata } = readSafetensors(bytes);
  const refuse = (why: string) => new FormatError(`This is not ${expected}: ${why}.`, 0);
  const text = metadata.get(metadataKey);
  if (text === undefined) throw refuse(`it has no metadata '${metadataKey}'`);
  const { nudge, configuration, data, preset, trained, sha256, ...place } = parseJson(
    aboutSchema,
    text,
    expected,
  );
  if (nudge !== nudgeVersion()) {
    throw new UsageError(
      `nudge ${escapeInvisible(nudge)} wrote ${path}; this is nudge ${nudgeVersion()}, which may compute differently. Resume with that version, or start again.`,
    );
  }
  const members = configuration.seeds.length * configuration.optimizers.length;
  const tensor = (name: string, dtype: Tensor['dtype'], width?: number) => {
    const found = tensors.get(name);
    const [rows, columns] = found?.shape ?? [];
    const isRight = found?.dtype === dtype && found.shape.length === 2 && rows === members;
    if (isRight && (width === undefined || columns === width)) return found.data;
    throw refuse(`its tensor '${name}' is not ${dtype} for ${members} networks`);
  };
  return {
    // The network and the optimizers check the parts that the schema leaves open.
    configuration: configuration as unknown as SweepConfiguration,
    ...{ data, preset },
    checkpoint: {
      state: { ...place, values: float32Values(tensor('states', 'F32')) },
      epochSums: float64Values(tensor('epochSums', 'F64', 3)),
      lastEpoch: float64Values(tensor('lastEpoch', 'F64', 2)),
      trained,
      data: sha256,
    },
  };
}
