/** The file of `nudge sweep --checkpoint`: safetensors, with the state of all networks and what they are. */
import * as v from 'valibot';

import type { SweepCheckpoint, SweepConfiguration } from '../benchmark/sweepJob.ts';
import { FormatError } from '../errors.ts';
import {
  float32Tensor,
  float32Values,
  readSafetensors,
  writeSafetensors,
  type Tensor,
} from '../formats/safetensors.ts';
import { UsageError } from './errors.ts';
import { readInput } from './files.ts';
import { nudgeVersion } from './versions.ts';

/** What a checkpoint is of. */
export interface SweepDescription {
  readonly configuration: SweepConfiguration;
  /** As given to `--data` and `--preset`. */
  readonly data?: string | undefined;
  readonly preset?: string | undefined;
}

const format = 'nudge sweep';

/** The bytes of a checkpoint's file. */
export function checkpointFile(
  description: SweepDescription,
  { state, epochSums, lastEpoch, trained, data }: SweepCheckpoint,
): Uint8Array {
  const { values, ...place } = state;
  const { seeds, optimizers } = description.configuration;
  const count = seeds.length * optimizers.length;
  const tensors = new Map([
    ['values', float32Tensor([count, values.length / count], values)],
    ['epochSums', float64Tensor([count, 3], epochSums)],
    ['lastEpoch', float64Tensor([count, 2], lastEpoch)],
  ]);
  const about = { nudge: nudgeVersion(), ...description, ...place, trained, sha256: data };
  return writeSafetensors(tensors, new Map([[format, JSON.stringify(about)]]));
}

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const amount = v.pipe(v.number(), v.finite(), v.minValue(0));
const aboutSchema = v.object({
  nudge: v.string(),
  // What the settings mean is checked where they are used.
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

/**
 * @param path that `--resume` names
 * @throws {FileError | FormatError} when it cannot be read, or is no such file
 * @throws {UsageError} when another version of nudge wrote it
 */
export async function readCheckpoint(
  path: string,
): Promise<SweepDescription & { readonly checkpoint: SweepCheckpoint }> {
  const bytes = await readInput(path, '--resume');
  const refuse = (why: string) =>
    new FormatError(
      `${path} is no checkpoint of a sweep: ${why}. Give a file that --checkpoint wrote.`,
      0,
    );
  const { tensors, metadata } = readSafetensors(bytes);
  const text = metadata.get(format);
  if (text === undefined) throw refuse(`it says nothing of '${format}'`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw refuse((error as Error).message);
  }
  const { success, output, issues } = v.safeParse(aboutSchema, value, { abortEarly: true });
  if (!success) throw refuse(`${v.getDotPath(issues[0]) ?? 'it'}: ${issues[0].message}`);
  const { nudge, configuration, data, preset, trained, sha256, ...place } = output;
  if (nudge !== nudgeVersion()) {
    throw new UsageError(
      `${path} is of nudge ${nudge}, and this is ${nudgeVersion()}, which may compute otherwise. Go on with that version, or begin anew.`,
    );
  }
  const members = configuration.seeds.length * configuration.optimizers.length;
  const tensor = (name: string, dtype: Tensor['dtype'], width?: number) => {
    const found = tensors.get(name);
    const [rows, columns] = found?.shape ?? [];
    const isRight = found?.dtype === dtype && found.shape.length === 2 && rows === members;
    if (isRight && (width === undefined || columns === width)) return found.data;
    throw refuse(`its tensor '${name}' is not ${dtype} of ${members} networks`);
  };
  return {
    // The parts that are not looked into are checked by the network and the optimizers that are made of them.
    configuration: configuration as unknown as SweepConfiguration,
    ...{ data, preset },
    checkpoint: {
      state: { ...place, values: float32Values(tensor('values', 'F32')) },
      epochSums: float64Values(tensor('epochSums', 'F64', 3)),
      lastEpoch: float64Values(tensor('lastEpoch', 'F64', 2)),
      trained,
      data: sha256,
    },
  };
}

function float64Tensor(shape: readonly number[], values: Float64Array): Tensor {
  const view = new DataView(new ArrayBuffer(8 * values.length));
  values.forEach((value, i) => view.setFloat64(8 * i, value, true));
  return { dtype: 'F64', shape, data: new Uint8Array(view.buffer) };
}

function float64Values(data: Uint8Array): Float64Array<ArrayBuffer> {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return Float64Array.from({ length: data.length / 8 }, (_, i) => view.getFloat64(8 * i, true));
}
