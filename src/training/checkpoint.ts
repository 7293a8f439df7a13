/**
 * The file of a trainer's run: safetensors with the parameters under PyTorch's names, the optimizer's moments, the cost
 * curve, and everything else that decides the bits in the metadata.
 */
import { requirePosition, type TrainingPosition } from '../engine/cursor.ts';
import { backends, type Backend, type EnginePlan, type EngineState } from '../engine/engine.ts';
import { requireBatchSize } from '../engine/batches.ts';
import { momentCount, requireClipNorm, requireOptimizer } from '../engine/optimizers/registry.ts';
import type { Optimizer } from '../engine/optimizers.ts';
import { FormatError, NudgeError } from '../errors.ts';
import { checkpointKey, tensorsOf } from '../formats/parameters.ts';
import { describeNetwork, settleOptions } from '../formats/parameters/metadata.ts';
import {
  float32Tensor,
  float32Values,
  float64Tensor,
  float64Values,
  readSafetensors,
  writeSafetensors,
  type SafetensorsFile,
  type Tensor,
} from '../formats/safetensors.ts';
import { quote } from '../formats/safetensors/json.ts';
import { openSeal, requireSealed, seal } from '../formats/seal.ts';
import { adapterName, type AdapterDescription } from '../gpu/adapter.ts';
import {
  escapeInvisible,
  requireNumber,
  requireObject,
  requireSwitch,
  requireText,
  show,
} from '../network/arguments.ts';
import { requireOneOf } from '../network/functions.ts';
import { Network, requireSeed } from '../network/network.ts';
import { countParameters, describeNonFinite, parameterLayout } from '../network/parameters.ts';
import { CostCurve, maxPoints, type CurveRow } from './costCurve.ts';
import type { DatasetFingerprint } from './fingerprint.ts';

const format = 'nudge checkpoint';
const version = 1;

/** The options of a trainer that decide the bits of its training. */
export interface TrainingSettings {
  readonly batchSize: number;
  readonly optimizer: Optimizer;
  readonly clipNorm?: number | undefined;
  readonly seed: number;
  readonly shuffle: boolean;
  /** The option `threads`, if it was given. */
  readonly threads?: number | undefined;
}

/** What a checkpoint file holds. */
export interface Checkpoint {
  /** With the parameters, rounded to float32. */
  readonly network: Network;
  readonly position: TrainingPosition;
  /** In the precision of the engine. */
  readonly state: EngineState;
  readonly settings: TrainingSettings;
  readonly backend: Backend;
  readonly adapter?: AdapterDescription | undefined;
  readonly plan?: EnginePlan | undefined;
  /** The plan in words: `Trainer.plan`. */
  readonly planText?: string | undefined;
  /** Undefined if there was no training set yet. */
  readonly dataset?: DatasetFingerprint | undefined;
  readonly curve: CostCurve;
  /** Text of the program that wrote the file. */
  readonly note?: string | undefined;
}

/**
 * @returns the file, with sequence number 0
 * @throws {ConfigurationError} for a note that UTF-8 cannot encode
 */
export function writeCheckpoint(checkpoint: Checkpoint): Promise<Uint8Array<ArrayBuffer>> {
  const { network, position, state, settings, dataset, curve, note } = checkpoint;
  const { backend, adapter, plan, planText } = checkpoint;
  const tensors = new Map<string, Tensor>();
  [state.parameters, ...state.moments].forEach((values, k) => {
    for (const { name, shape, offset, length } of placesOf(network)) {
      const part = values.subarray(offset, offset + length);
      tensors.set(
        k === 0 ? name : momentName(k - 1, name),
        part instanceof Float64Array ? float64Tensor(shape, part) : float32Tensor(shape, part),
      );
    }
  });
  tensors.set(curveName, float64Tensor([curve.rows.length, 5], valuesOfCurve(curve)));
  const about = {
    ...{ position, settings, dataset },
    engine: { backend, adapter, plan, planText },
  };
  const metadata = new Map([...describeNetwork(network), ...openSeal]);
  metadata.set(checkpointKey, JSON.stringify({ name: format, version }));
  for (const [key, value] of Object.entries(about)) {
    if (value !== undefined) metadata.set(`checkpoint.${key}`, JSON.stringify(value));
  }
  if (note !== undefined) metadata.set('checkpoint.note', note);
  return seal(writeSafetensors(tensors, metadata), 0);
}

/**
 * Reads a checkpoint and checks everything in it, but not whether an adapter can run the plan.
 * @throws {FormatError} when it is damaged, or is not a checkpoint of this version
 */
export async function readCheckpoint(bytes: Uint8Array): Promise<Checkpoint> {
  await requireSealed(bytes);
  try {
    return parse(readSafetensors(bytes));
  } catch (cause) {
    if (cause instanceof FormatError) throw cause;
    // JSON.parse throws a RangeError for text that is nested too deep.
    const isExpected =
      cause instanceof NudgeError || cause instanceof SyntaxError || cause instanceof RangeError;
    if (!isExpected) throw cause;
    // JSON.parse quotes the text.
    throw refusal(escapeInvisible(cause.message.replace(/\.$/, '')), { cause });
  }
}

const curveName = 'curve';
const momentName = (moment: number, tensor: string) => `optimizer.${moment}.${tensor}`;

function placesOf({ layers }: Pick<Network, 'layers'>) {
  return parameterLayout(layers).flatMap((layer) => [...tensorsOf(layer)]);
}

function parse({ tensors, metadata }: SafetensorsFile): Checkpoint {
  const read = (key: string): unknown => {
    const text = metadata.get(`checkpoint.${key}`);
    if (text === undefined) throw refusal(`it has no metadata 'checkpoint.${key}'`);
    return JSON.parse(text);
  };
  const readObject = (key: string): Record<string, unknown> => {
    const value = read(key);
    requireObject(`The metadata 'checkpoint.${key}'`, value);
    return value as Record<string, unknown>;
  };
  const made = readObject('format');
  if (made.name !== format) throw refusal(`its format is ${show(made.name)}, not '${format}'`);
  if (made.version !== version) {
    throw refusal(`its version is ${show(made.version)}; this nudge reads version ${version}`);
  }
  const position = requirePosition(
    'position',
    readObject('position') as unknown as TrainingPosition,
  );
  const settings = requireSettings(readObject('settings'));
  const { backend, adapter, plan, planText } = readObject('engine');
  requireOneOf('backend', backend as Backend, backends);
  if (adapter !== undefined) adapterName(adapter as AdapterDescription);
  if (plan !== undefined) requireObject('The plan', plan);
  if (planText !== undefined) requireText('planText', planText as string);
  const { network, state } = readState(tensors, metadata, settings.optimizer);
  const curveTensor = tensors.get(curveName);
  if (curveTensor?.dtype !== 'F64' || curveTensor.shape[1] !== 5) {
    throw refusal(`it has no tensor '${curveName}' of dtype F64 and shape [points, 5]`);
  }
  const curve = curveOf(float64Values(curveTensor.data));
  const last = curve.rows.at(-1)?.[0] ?? 0;
  if (last > position.step) {
    throw refusal(`its curve ends at step ${last}, after its position at step ${position.step}`);
  }
  return {
    ...{ network, position, state, settings, curve },
    backend: backend as Backend,
    adapter: adapter as AdapterDescription | undefined,
    plan: plan as EnginePlan | undefined,
    planText: planText as string | undefined,
    dataset: metadata.has('checkpoint.dataset')
      ? requireFingerprint(readObject('dataset'))
      : undefined,
    note: metadata.get('checkpoint.note'),
  };
}

/** [points, 5] row-major: step, reports, samples, sum of costs, correct. */
export function valuesOfCurve({ rows }: CostCurve): Float64Array {
  return Float64Array.from(rows.flat());
}

/**
 * The curve of {@link valuesOfCurve}.
 * @throws {FormatError} for numbers that no curve has
 */
export function curveOf(values: Float64Array): CostCurve {
  const count = values.length / 5;
  if (!Number.isInteger(count) || count > maxPoints) {
    throw refusal(
      `its curve has ${values.length} numbers, not 5 for each of at most ${maxPoints} points`,
    );
  }
  const perPoint = values[1]!;
  let before = 0;
  const rows = Array.from({ length: count }, (_, i) => {
    const row = [...values.subarray(5 * i, 5 * (i + 1))] as unknown as CurveRow;
    const [step, reports, samples, costSum, correct] = row;
    const isFull = reports === perPoint || (i === count - 1 && reports < perPoint);
    const areCounts = [step, reports, samples].every((n) => Number.isSafeInteger(n) && n > 0);
    const isCorrect = Number.isSafeInteger(correct) && correct >= 0 && correct <= samples;
    if (!(areCounts && isFull && isCorrect && step > before && Number.isFinite(costSum))) {
      throw refusal(`point ${i} of its curve is [${row.join(', ')}], which no training gives`);
    }
    before = step;
    return row;
  });
  return new CostCurve(rows);
}

function requireSettings(settings: Record<string, unknown>): TrainingSettings {
  const { batchSize, optimizer, clipNorm, seed, shuffle, threads } =
    settings as unknown as TrainingSettings;
  requireBatchSize(batchSize);
  requireOptimizer(optimizer);
  if (clipNorm !== undefined) requireClipNorm(clipNorm);
  requireSeed(seed);
  requireSwitch('shuffle', shuffle);
  requireNumber('threads', threads);
  return { batchSize, optimizer, clipNorm, seed, shuffle, threads };
}

function requireFingerprint(found: Record<string, unknown>): DatasetFingerprint {
  const fingerprint = found as unknown as DatasetFingerprint;
  const { name, sampleCount, featureCount, classCount, features, labels } = fingerprint;
  for (const [key, text] of Object.entries({ name, features, labels })) {
    requireText(`The ${key} of the dataset`, text);
  }
  for (const [key, count] of Object.entries({ sampleCount, featureCount, classCount })) {
    if (!Number.isSafeInteger(count)) throw refusal(`its dataset has ${key} ${show(count)}`);
  }
  return { name, sampleCount, featureCount, classCount, features, labels };
}

/** Checks the tensors before memory for them is taken. */
function readState(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: ReadonlyMap<string, string>,
  optimizer: Optimizer,
): Pick<Checkpoint, 'network' | 'state'> {
  const named = metadata.get('layers') ?? '';
  const layers = named.split(',').map((size) => (/^\d{1,10}$/.test(size) ? Number(size) : NaN));
  // One of a million layers in a short text would take more memory than the file.
  if (2 * (layers.length - 1) > tensors.size) {
    throw refusal(`it has ${tensors.size} tensors, too few for the layers ${quote(named)}`);
  }
  const parameterCount = countParameters(layers);
  const options = settleOptions(layers, metadata, {});
  const places = placesOf({ layers });
  const moments = momentCount(optimizer);
  const { dtype = 'none' } = tensors.get(places[0]!.name) ?? {};
  if (dtype !== 'F32' && dtype !== 'F64') {
    throw refusal(`its parameters have dtype ${dtype} rather than F32 or F64`);
  }
  const nameOf = (k: number, name: string) => (k === 0 ? name : momentName(k - 1, name));
  for (let k = 0; k <= moments; k++) {
    for (const { name, shape } of places) {
      const tensor = tensors.get(nameOf(k, name));
      if (tensor?.dtype === dtype && tensor.shape.join() === shape.join()) continue;
      throw refusal(
        `it has no tensor '${nameOf(k, name)}' of dtype ${dtype} and shape [${shape.join(', ')}]`,
      );
    }
  }
  const expected = (moments + 1) * places.length + 1;
  if (tensors.size !== expected) {
    throw refusal(
      `it has ${tensors.size} tensors rather than ${expected} (${[...tensors.keys()].slice(0, 4).map(quote).join(', ')}, …)`,
    );
  }
  const arrays = Array.from({ length: moments + 1 }, (_, k) => {
    const values =
      dtype === 'F32' ? new Float32Array(parameterCount) : new Float64Array(parameterCount);
    for (const { name, offset, length } of places) {
      const { data } = tensors.get(nameOf(k, name))!;
      const place = values.subarray(offset, offset + length);
      if (place instanceof Float32Array) float32Values(data, place);
      else float64Values(data, place);
    }
    const wrong = describeNonFinite(layers, values);
    if (wrong !== undefined) {
      throw refusal(
        `${k === 0 ? 'the parameters are' : `moment ${k - 1} is`} not finite: ${wrong}`,
      );
    }
    return values;
  });
  const [parameters, ...rest] = arrays;
  return {
    // It copies them, in float32.
    network: new Network(options, parameters as Float32Array),
    state: { parameters: parameters!, moments: rest },
  };
}

function refusal(fact: string, options?: ErrorOptions): FormatError {
  return new FormatError(
    `This is not a checkpoint that can be continued: ${fact}. Use another one.`,
    8,
    options,
  );
}
