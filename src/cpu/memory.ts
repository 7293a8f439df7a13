/**
 * Where everything lies in the memory that the kernels compute in, and how it gets there: parameters into the panels
 * that the kernels read.
 *
 * One piece for the parameters of all layers, and pieces of the same layout for moments and for each slice's
 * gradient, so that an optimizer is one loop. Then each slice's room (`sliceRoom.ts`). Data comes last, and may grow.
 */
import type { Dataset } from '../data/dataset.ts';
import { OutOfMemoryError } from '../errors.ts';
import type { Network } from '../network/network.ts';
import { Control, controlBytes } from './control.ts';
import { eachParameter, line, placeLayers, up, type LayerPlace } from './parameterPlaces.ts';
import { updateScalarWords, type UpdateScalars } from './updateScalars.ts';
import { contextWord, placeSlice, type SliceRoom } from './sliceRoom.ts';

/** Below are the modules' constants; a test holds it against what they say. */
export const heapBase = 2048;
/** Bytes of a page of WebAssembly memory. */
const pageBytes = 2 ** 16;
/** Pages that a module asks for at most: all that 32-bit addresses reach. */
const maxPages = 2 ** 16;
/** What memory may grow to, in pages: address space that phones do not all have is reserved for it where it is shared. */
const maxima = [maxPages, maxPages / 4, maxPages / 16] as const;
/** Room to leave for a training set; a larger one may be streamed. */
const usualDataBytes = 2 ** 26;
/** Bytes of activations of one layer that stay in the second-level cache beside its weights. */
const cachedBytes = 384 * 2 ** 10;

/** How many samples a pass takes at most: a multiple of 4, so that activations stay in the cache. */
function maxSamples(layers: readonly number[]): number {
  const widest = Math.max(...layers.slice(1));
  return Math.min(128, Math.max(16, Math.floor(cachedBytes / 4 / widest / 4) * 4));
}

/** Steps that can be asked for at a time. */
export const maxSteps = 1024;

export interface MemoryOptions {
  readonly network: Network;
  readonly slices: number;
  /** Arrays that the optimizer keeps beside the parameters. */
  readonly moments: number;
  readonly isShared: boolean;
  /** As in `EngineOptions`. */
  readonly clipNorm?: number | undefined;
}

/** @throws {OutOfMemoryError} with the advice, where there is not so much memory */
function allocate(bytes: number, isShared: boolean, advice: string): WebAssembly.Memory {
  const pages = Math.ceil(bytes / pageBytes);
  let cause: unknown;
  for (const maximum of maxima.filter((max) => max >= pages)) {
    try {
      return new WebAssembly.Memory({ initial: pages, maximum, shared: isShared });
    } catch (error) {
      cause = error;
    }
  }
  throw noRoom(bytes, advice, cause);
}

function noRoom(bytes: number, advice: string, cause: unknown): OutOfMemoryError {
  const limit = pageBytes * maxPages;
  const fact = bytes > limit ? `can address ${mebibytes(limit)} MiB` : 'did not get them';
  return new OutOfMemoryError(
    `The CPU engine needs ${mebibytes(bytes)} MiB of memory in one piece and ${fact}. ${advice}`,
    { cause },
  );
}

function mebibytes(bytes: number): number {
  return Math.ceil(bytes / 2 ** 20);
}

/**
 * What to do where the slices do not fit: fewer threads where that is enough, each of which has a slice.
 * @param shared bytes that all slices have in common
 * @param own bytes of each slice
 */
function adviceOf(slices: number, shared: number, own: number): string {
  const max = Math.floor((pageBytes * maxPages - usualDataBytes - shared) / own);
  const isTooMany = slices > Math.max(1, max);
  return isTooMany && max > 0
    ? `Each of the ${slices} threads takes ${mebibytes(own)} MiB for a gradient of its own: use at most ${max} threads.`
    : 'Use a smaller network or fewer threads, or dispose of engines that are no longer needed.';
}

export class KernelMemory {
  readonly memory: WebAssembly.Memory;
  /** Samples of a pass at most. */
  readonly rows: number;
  /** Bytes of all parameters, a multiple of 64. */
  readonly parameterBytes: number;
  readonly control: Control;
  /** Of {@link maxSteps} steps. */
  readonly updateScalars: number;
  readonly parameters: number;
  /** Of the optimizer; 0 where it keeps none. */
  readonly moments: readonly number[];
  readonly slices: readonly SliceRoom[];
  readonly #network: Network;
  readonly #places: readonly LayerPlace[];
  /** What writes the slices' structures. */
  readonly #writers: readonly ((memory: Uint32Array) => void)[];
  /** For a few samples a slice, of whatever dataset. */
  readonly #stage: number;
  readonly #stageBytes: number;
  readonly #stepSums: number;
  /** Where features begin, and what belongs to them. */
  readonly #end: number;
  #data = { labels: 0, order: 0 };
  #bytes: Uint8Array;
  #words: Uint32Array;
  #floats: Float32Array;
  #loaded: Dataset | undefined;

  /** @throws {OutOfMemoryError} where there is not so much memory */
  constructor({ network, slices, moments, isShared, clipNorm = 0 }: MemoryOptions) {
    const { layers } = network;
    this.#network = network;
    this.#places = placeLayers(layers);
    this.rows = maxSamples(layers);
    this.parameterBytes = this.#places.at(-1)!.end * 4;

    let next = heapBase;
    const take = (bytes: number): number => {
      const start = next;
      next = up(next + bytes, line);
      return start;
    };
    const values = take(256 * 4);
    const control = take(controlBytes);
    this.updateScalars = take(maxSteps * updateScalarWords * 4);
    const squares = take(slices * 8);
    this.#stepSums = take(maxSteps * slices * 16);
    this.parameters = take(this.parameterBytes);
    this.moments = Array.from({ length: moments }, () => take(this.parameterBytes));
    const shared = next;
    // Gradients lie at equal distances.
    const gradients = Array.from({ length: slices }, () => take(this.parameterBytes));
    const { rows, parameters } = this;
    const common = { network, places: this.#places, rows, parameters, values };
    const rooms = gradients.map((gradient) => placeSlice(common, gradient, take));
    this.slices = rooms.map(({ room }) => room);
    const featureCount = layers[0]!;
    this.#stageBytes = up(this.rows * (featureCount + 1) + 16, line);
    this.#stage = take(this.#stageBytes * slices);
    this.#end = next;

    this.memory = allocate(next, isShared, adviceOf(slices, shared, (next - shared) / slices));
    this.#bytes = new Uint8Array(this.memory.buffer);
    this.#words = new Uint32Array(this.memory.buffer);
    this.#floats = new Float32Array(this.memory.buffer);
    this.#floats.set(
      Float32Array.from({ length: 256 }, (_, byte) => byte / 255),
      values / 4,
    );
    this.#writers = rooms.map(({ write }) => write);
    const [first, second] = this.slices;
    const fields = {
      slices,
      contexts: first!.context,
      contextDistance: second ? second.context - first!.context : 0,
      rows: this.rows,
      parameters: this.parameters,
      gradient: first!.gradient,
      firstMoment: this.moments[0] ?? 0,
      secondMoment: this.moments[1] ?? 0,
      bytes: this.parameterBytes,
      updateScalars: this.updateScalars,
      squares,
      sums: this.#stepSums,
    };
    this.control = new Control(this.memory, control, fields, clipNorm);
    this.#initialize();
  }

  /**
   * Takes a dataset into memory, in place of the one before.
   * @throws {OutOfMemoryError} where there is not so much memory
   */
  load(dataset: Dataset): void {
    const { features, labels, sampleCount } = dataset;
    this.reserve(dataset, sampleCount);
    this.#bytes.set(features, this.#end);
    this.#bytes.set(labels, this.#data.labels);
    this.#loaded = dataset;
  }

  /**
   * Makes room for so many samples of a dataset at a time, which is not taken in as a whole.
   * @throws {OutOfMemoryError} where there is not so much memory
   */
  reserve({ featureCount }: Dataset, samples: number): void {
    this.#loaded = undefined;
    // A row is read sixteen bytes at a time.
    const labels = this.#end + up(samples * featureCount + 16, line);
    const order = up(labels + samples, line);
    this.#grow(order + samples * 4);
    this.#data = { labels, order };
  }

  /** Takes these samples in, in the place of those before, and lets all slices read them in this order. */
  stream({ features, featureCount, labels }: Dataset, samples: Uint32Array): void {
    const order = this.#data.order / 4;
    samples.forEach((sample, n) => {
      const row = features.subarray(sample * featureCount, (sample + 1) * featureCount);
      this.#bytes.set(row, this.#end + n * featureCount);
      this.#bytes[this.#data.labels + n] = labels[sample]!;
      this.#words[order + n] = n;
    });
    this.#pointAtData(samples.length);
  }

  /** Names the samples of a slice's next pass, of a dataset that is loaded or of one that is not. */
  select(slice: number, dataset: Dataset, samples: Uint32Array): void {
    const room = this.slices[slice]!;
    const { featureCount, features, labels } = dataset;
    if (dataset === this.#loaded) {
      this.#words.set(samples, room.samples / 4);
      this.#pointAt(room.context, this.#end, this.#data.labels);
      return;
    }
    const stage = this.#stage + slice * this.#stageBytes;
    const labelsAt = stage + this.rows * featureCount + 16;
    samples.forEach((sample, n) => {
      const row = features.subarray(sample * featureCount, (sample + 1) * featureCount);
      this.#bytes.set(row, stage + n * featureCount);
      this.#bytes[labelsAt + n] = labels[sample]!;
      this.#words[room.samples / 4 + n] = n;
    });
    this.#pointAt(room.context, stage, labelsAt);
  }

  /** Lets all slices read the dataset that is loaded, in this order. */
  setOrder(order: Uint32Array): void {
    this.#words.set(order, this.#data.order / 4);
    this.#pointAtData(order.length);
  }

  /** Sums of cost and of right predictions since the last call. */
  takeSums(slice: number): { costSum: number; correct: number } {
    const { sums } = this.slices[slice]!;
    const view = new DataView(this.memory.buffer);
    const made = { costSum: view.getFloat64(sums, true), correct: view.getUint32(sums + 8, true) };
    view.setFloat64(sums, 0, true);
    view.setUint32(sums + 8, 0, true);
    return made;
  }

  /** What was said in one of the steps that were asked for, slice after slice. */
  stepSums(step: number): { costSum: number; correct: number } {
    const view = new DataView(this.memory.buffer, this.#stepSums);
    const sums = { costSum: 0, correct: 0 };
    for (let slice = 0; slice < this.slices.length; slice++) {
      const at = (step * this.slices.length + slice) * 16;
      sums.costSum += view.getFloat64(at, true);
      sums.correct += view.getUint32(at + 8, true);
    }
    return sums;
  }

  /** What the slice's last pass said; written over by the next. */
  result(slice: number, count: number) {
    const { outputs: at, costs: costsAt, predictions } = this.slices[slice]!;
    const { buffer } = this.memory;
    return {
      outputs: new Float32Array(buffer, at, count * this.#network.layers.at(-1)!),
      costs: new Float64Array(buffer, costsAt, count),
      predictions: new Uint32Array(buffer, predictions, count),
    };
  }

  /** @param step of those asked for, below {@link maxSteps} */
  writeUpdateScalars(step: number, { kind, floats }: UpdateScalars): void {
    const at = this.updateScalars / 4 + step * updateScalarWords;
    this.#words[at] = kind;
    this.#floats.set(floats, at + 1);
  }

  /** Undoes all steps, to the last bit: numbers that are not finite would not stay in the places of the parameters. */
  reset(): void {
    this.#bytes.fill(0, this.updateScalars, this.#end);
    this.#initialize();
  }

  /** In the layout of `parameterLayout`. */
  readParameters(): Float32Array<ArrayBuffer> {
    return this.#read(this.parameters);
  }

  /** What a slice's passes asked for, summed over samples, in the layout of `parameterLayout`. */
  readGradient(slice: number): Float32Array<ArrayBuffer> {
    return this.#read(this.slices[slice]!.gradient);
  }

  /** The last layer of whose parameters and moments something is not finite. */
  lastNonFinite(): number | undefined {
    const pieces = [this.parameters, ...this.moments].map((piece) => piece / 4);
    const wrong = this.#places.findLastIndex(({ weights, end }) =>
      pieces.some(
        (piece) => !this.#floats.subarray(piece + weights, piece + end).every(Number.isFinite),
      ),
    );
    return wrong < 0 ? undefined : wrong;
  }

  /** To be called while all but constants is 0. */
  #initialize(): void {
    for (const write of this.#writers) write(this.#words);
    this.#writeParameters(this.#network.parameters);
  }

  #read(piece: number): Float32Array<ArrayBuffer> {
    const values = new Float32Array(this.#network.parameterCount);
    eachParameter(this.#places, (to, from) => {
      values[to] = this.#floats[piece / 4 + from]!;
    });
    return values;
  }

  #writeParameters(parameters: Float32Array): void {
    eachParameter(this.#places, (from, to) => {
      this.#floats[this.parameters / 4 + to] = parameters[from]!;
    });
  }

  #pointAtData(sampleCount: number): void {
    const { labels, order } = this.#data;
    this.control.setOrder(order, sampleCount);
    for (const { context } of this.slices) this.#pointAt(context, this.#end, labels);
  }

  #pointAt(context: number, features: number, labels: number): void {
    this.#words[context / 4 + contextWord.features] = features;
    this.#words[context / 4 + contextWord.labels] = labels;
  }

  #grow(bytes: number): void {
    const missing = Math.ceil((bytes - this.memory.buffer.byteLength) / pageBytes);
    if (missing <= 0) return;
    try {
      this.memory.grow(missing);
    } catch (cause) {
      const advice =
        'Stream the training set (stream: true), use fewer threads, or dispose of engines that are no longer needed.';
      throw noRoom(bytes, advice, cause);
    }
    this.#bytes = new Uint8Array(this.memory.buffer);
    this.#words = new Uint32Array(this.memory.buffer);
    this.#floats = new Float32Array(this.memory.buffer);
  }
}
