/**
 * The layout of the kernels' memory, and the code that fills it. Parameters are stored in the panels that the kernels
 * read.
 *
 * The parameters of all layers are one contiguous piece. Moments and each slice's gradient are pieces of the same
 * layout, so that an optimizer is one loop. Then comes the memory of each slice (`sliceRoom.ts`). Data comes last,
 * because it may grow.
 */
import type { Dataset } from '../data/dataset.ts';
import type { EngineOptions, EngineState } from '../engine/engine.ts';
import { momentCount } from '../engine/optimizers/registry.ts';
import type { Pass, Values } from '../engine/pass.ts';
import type { Network } from '../network/network.ts';
import { adviceOf, allocate, grow } from './allocation.ts';
import { Control, controlBytes } from './control.ts';
import { eachParameter, line, placeLayers, up, type LayerPlace } from './parameterPlaces.ts';
import { updateScalarWords, type UpdateScalars } from './updateScalars.ts';
import { contextWord, placeSlice, type Panels, type SliceRoom } from './sliceRoom.ts';

/** The first free byte: constants of the modules are below. A test compares it with `heapBase()` of the modules. */
export const heapBase = 2048;
/** Bytes of one layer's activations that fit into the second-level cache together with its weights. */
const cachedBytes = 384 * 2 ** 10;

/** Maximum number of samples per pass: a multiple of 4, small enough that activations stay in the cache. */
function maxSamples(layers: readonly number[]): number {
  const widest = Math.max(...layers.slice(1));
  return Math.min(128, Math.max(16, Math.floor(cachedBytes / 4 / widest / 4) * 4));
}

/** Maximum number of steps per command. */
export const maxSteps = 1024;

export interface MemoryOptions {
  readonly network: Network;
  readonly slices: number;
  /** Number of arrays that the optimizer keeps beside the parameters. */
  readonly moments: number;
  readonly isShared: boolean;
  /** See `EngineOptions`. */
  readonly clipNorm?: number | undefined;
}

export class KernelMemory {
  readonly memory: WebAssembly.Memory;
  /** Maximum number of samples per pass. */
  readonly rows: number;
  /** Size of all parameters in bytes, a multiple of 64. */
  readonly parameterBytes: number;
  readonly control: Control;
  /** Address of the optimizer scalars of {@link maxSteps} steps. */
  readonly updateScalars: number;
  readonly parameters: number;
  /** Addresses of the optimizer's arrays; empty if it keeps none. */
  readonly moments: readonly number[];
  readonly slices: readonly SliceRoom[];
  readonly #network: Network;
  readonly #places: readonly LayerPlace[];
  /** Functions that write the slices' structures. */
  readonly #writers: readonly ((memory: Uint32Array) => void)[];
  /** Address of a buffer for the samples of one pass per slice, from a dataset that is not loaded. */
  readonly #stage: number;
  readonly #stageBytes: number;
  readonly #stepSums: number;
  /** Address of the loaded features, which labels and order follow. */
  readonly #end: number;
  #data = { labels: 0, order: 0 };
  #bytes: Uint8Array;
  #words: Uint32Array;
  #floats: Float32Array;
  #loaded: Dataset | undefined;

  /** @throws {OutOfMemoryError} when there is not enough memory */
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
    // The kernels expect the gradients at equal distances.
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
   * Copies a dataset into memory, replacing the previous one.
   * @throws {OutOfMemoryError} when there is not enough memory
   */
  load(dataset: Dataset): void {
    const { features, labels, sampleCount } = dataset;
    this.reserve(dataset, sampleCount);
    this.#bytes.set(features, this.#end);
    this.#bytes.set(labels, this.#data.labels);
    this.#loaded = dataset;
  }

  /**
   * Reserves memory for this number of samples at a time, for a dataset that is streamed.
   * @throws {OutOfMemoryError} when there is not enough memory
   */
  reserve({ featureCount }: Dataset, samples: number): void {
    this.#loaded = undefined;
    // The kernels read rows in blocks of sixteen bytes, so they may read past the last row.
    const labels = this.#end + up(samples * featureCount + 16, line);
    const order = up(labels + samples, line);
    this.#grow(order + samples * 4);
    this.#data = { labels, order };
  }

  /** Copies these samples into memory, replacing the previous ones. All slices then read them in this order. */
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

  /** Sets the samples of a slice's next pass. The dataset need not be loaded. */
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

  /** Makes all slices read the loaded dataset in this order. */
  setOrder(order: Uint32Array): void {
    this.#words.set(order, this.#data.order / 4);
    this.#pointAtData(order.length);
  }

  /** Returns the sums of a slice's costs and correct predictions since the last call, and resets them. */
  takeSums(slice: number): { costSum: number; correct: number } {
    const { sums } = this.slices[slice]!;
    const view = new DataView(this.memory.buffer);
    const made = { costSum: view.getFloat64(sums, true), correct: view.getUint32(sums + 8, true) };
    view.setFloat64(sums, 0, true);
    view.setUint32(sums + 8, 0, true);
    return made;
  }

  /** Sums of one step of the last command, added up in the order of the slices. */
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

  /** Results of the slice's last pass. The next pass overwrites them. */
  result(slice: number, count: number) {
    const { outputs: at, costs: costsAt, predictions } = this.slices[slice]!;
    const { buffer } = this.memory;
    return {
      outputs: new Float32Array(buffer, at, count * this.#network.layers.at(-1)!),
      costs: new Float64Array(buffer, costsAt, count),
      predictions: new Uint32Array(buffer, predictions, count),
    };
  }

  /**
   * The last pass of the slices, with gradients, and resets its sums.
   * @param counts number of samples in each slice
   */
  takePass(counts: readonly number[]): Pass {
    const samples = counts.reduce((sum, count) => sum + count, 0);
    const costs = new Float64Array(samples);
    const predictions = new Uint32Array(samples);
    const layers = this.slices[0]!.layers.map(({ outputs }) => ({
      a: new Float32Array(samples * outputs),
      delta: new Float32Array(samples * outputs),
    }));
    const gradient = new Float64Array(this.#network.parameterCount);
    let start = 0;
    counts.forEach((count, slice) => {
      const result = this.result(slice, count);
      costs.set(result.costs, start);
      predictions.set(result.predictions, start);
      this.slices[slice]!.layers.forEach((room, l) => {
        const { a, delta } = layers[l]!;
        const from = start * room.outputs;
        this.#readRows(room.a, count, room.outputs, a.subarray(from));
        this.#readRows(room.delta, count, room.outputs, delta.subarray(from));
      });
      const sums = this.readGradient(slice);
      for (let i = 0; i < gradient.length; i++) gradient[i]! += sums[i]! / samples;
      this.takeSums(slice);
      start += count;
    });
    return { layers, costs, predictions, gradient };
  }

  /** @param step index of the step in the command, below {@link maxSteps} */
  writeUpdateScalars(step: number, { kind, floats }: UpdateScalars): void {
    const at = this.updateScalars / 4 + step * updateScalarWords;
    this.#words[at] = kind;
    this.#floats.set(floats, at + 1);
  }

  /** Goes back to the network that it was created with. It clears all memory, because NaN may have spread beyond the parameters. */
  reset(): void {
    this.#bytes.fill(0, this.updateScalars, this.#end);
    this.#initialize();
  }

  /** The parameters in the layout of `parameterLayout`. */
  readParameters(): Float32Array<ArrayBuffer> {
    return this.#read(this.parameters);
  }

  /** The optimizer's arrays in the same layout. */
  readMoments(): Float32Array<ArrayBuffer>[] {
    return this.moments.map((moment) => this.#read(moment));
  }

  writeState({ parameters, moments }: EngineState): void {
    this.#write(this.parameters, parameters);
    moments.forEach((moment, k) => this.#write(this.moments[k]!, moment));
  }

  /** The gradient of a slice's passes, summed over samples, in the layout of `parameterLayout`. */
  readGradient(slice: number): Float32Array<ArrayBuffer> {
    return this.#read(this.slices[slice]!.gradient);
  }

  /** The last layer with a non-finite parameter or moment. */
  lastNonFinite(): number | undefined {
    const pieces = [this.parameters, ...this.moments].map((piece) => piece / 4);
    const wrong = this.#places.findLastIndex(({ weights, end }) =>
      pieces.some(
        (piece) => !this.#floats.subarray(piece + weights, piece + end).every(Number.isFinite),
      ),
    );
    return wrong < 0 ? undefined : wrong;
  }

  /** Writes structures and parameters. All memory except constants must be 0 before. */
  #initialize(): void {
    for (const write of this.#writers) write(this.#words);
    this.#write(this.parameters, this.#network.parameters);
  }

  #read(piece: number): Float32Array<ArrayBuffer> {
    const values = new Float32Array(this.#network.parameterCount);
    eachParameter(this.#places, (to, from) => {
      values[to] = this.#floats[piece / 4 + from]!;
    });
    return values;
  }

  #readRows({ start, panel, row }: Panels, rows: number, columns: number, to: Float32Array): void {
    for (let n = 0; n < rows; n++) {
      for (let j = 0; j < columns; j++) {
        to[n * columns + j] = this.#floats[(start + (j >> 3) * panel + n * row) / 4 + (j & 7)]!;
      }
    }
  }

  #write(piece: number, values: Values): void {
    // Non-finite steps may have spread into the padding.
    this.#bytes.fill(0, piece, piece + this.parameterBytes);
    eachParameter(this.#places, (from, to) => {
      this.#floats[piece / 4 + to] = values[from]!;
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
    if (!grow(this.memory, bytes)) return;
    this.#bytes = new Uint8Array(this.memory.buffer);
    this.#words = new Uint32Array(this.memory.buffer);
    this.#floats = new Float32Array(this.memory.buffer);
  }
}

/** The memory of an engine. @throws {OutOfMemoryError} */
export function createMemory(
  { network, optimizer, clipNorm }: EngineOptions,
  slices: number,
  isShared: boolean,
): KernelMemory {
  const moments = momentCount(optimizer);
  return new KernelMemory({ network, slices, moments, isShared, clipNorm });
}
