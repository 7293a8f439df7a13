/**
 * Where everything lies in the memory that the kernels compute in, and how it gets there: parameters into the panels
 * that the kernels read, and the structures of `assembly/structures.ts`, word by word.
 *
 * One piece for the parameters of all layers, and pieces of the same layout for moments and for each thread's
 * gradient, so that an optimizer is one loop. Then each thread's room. Data comes last, and may grow.
 */
import type { Dataset } from '../data/dataset.ts';
import { OutOfMemoryError } from '../errors.ts';
import { activations, costs, outputs, slopeSource } from '../network/functions.ts';
import type { Network } from '../network/network.ts';
import { parameterLayout } from '../network/parameters.ts';

/** Below are the modules' constants; a test holds it against what they say. */
export const heapBase = 2048;
/** Bytes of a page of WebAssembly memory. */
const pageBytes = 2 ** 16;
/** Pages that a module asks for at most: all that 32-bit addresses reach. */
const mostPages = 2 ** 16;
/** What pieces begin at a multiple of: a line of the processor's cache. */
const line = 64;
/** Bytes of activations of one layer that stay in the second-level cache beside its weights. */
const cachedBytes = 384 * 2 ** 10;

const up = (value: number, multiple: number): number => Math.ceil(value / multiple) * multiple;
/** Whole lines, an odd number of them: rows that lie a power of two apart would fall onto one set of the cache. */
const oddLines = (bytes: number): number => up(bytes, line) + (up(bytes, line) % 128 ? 0 : line);

/** One layer's place among the parameters; all in float32 elements. */
interface LayerPlace {
  readonly inputs: number;
  readonly outputs: number;
  /** In the layout of `parameterLayout`. */
  readonly weightOffset: number;
  readonly biasOffset: number;
  /** In memory, from the start of all parameters. */
  readonly weights: number;
  /** Between panels of 8 columns; 0 for the first layer, whose panels are of several widths. */
  readonly weightPanel: number;
  readonly biases: number;
  readonly end: number;
}

/** How many samples a pass takes at most: a multiple of 4, so that activations stay in the cache. */
export function mostSamples(layers: readonly number[]): number {
  const widest = Math.max(...layers.slice(1));
  return Math.min(128, Math.max(16, Math.floor(cachedBytes / 4 / widest / 4) * 4));
}

function placeLayers(layers: readonly number[]): readonly LayerPlace[] {
  let offset = 0;
  return parameterLayout(layers).map((layer, l) => {
    const { inputs, outputs: columns } = layer;
    const weights = offset;
    const weightPanel = l === 0 ? 0 : oddLines(up(inputs, 8) * 32) / 4;
    const size = l === 0 ? inputs * up(columns, 8) : weightPanel * (up(columns, 8) / 8);
    const biases = up(weights + size, line / 4);
    offset = up(biases + up(columns, 8), line / 4);
    return { ...layer, weights, weightPanel, biases, end: offset };
  });
}

/** The element of a weight of the first layer, whose panels are 32 columns wide, the last ones 16 and 8. */
function firstWeight(inputs: number, columns: number, i: number, j: number): number {
  let start = 0;
  for (let left = up(columns, 8); ;) {
    const width = left >= 32 ? 32 : left >= 16 ? 16 : 8;
    if (j < start + width) return inputs * start + i * width + (j - start);
    start += width;
    left -= width;
  }
}

/** Where a thread has its own. */
interface ThreadRoom {
  readonly context: number;
  readonly samples: number;
  readonly gradient: number;
  readonly outputs: number;
  readonly costs: number;
  readonly predictions: number;
  /** Of the context: costSum and correct. */
  readonly sums: number;
}

/** Bytes of the structures of `assembly/structures.ts`. */
const layerBytes = 13 * 4;
const contextBytes = 20 * 4;

export interface MemoryOptions {
  readonly network: Network;
  readonly threads: number;
  /** Arrays that the optimizer keeps beside the parameters. */
  readonly moments: number;
  readonly isShared: boolean;
}

function allocate(pages: number, isShared: boolean): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: mostPages, shared: isShared });
  } catch (cause) {
    throw noRoom(pages * pageBytes, cause);
  }
}

function noRoom(bytes: number, cause: unknown): OutOfMemoryError {
  const size = Math.ceil(bytes / 2 ** 20);
  return new OutOfMemoryError(
    `The CPU engine needs ${size} MiB of memory in one piece, and ` +
      (pageBytes * mostPages < bytes
        ? 'can address 4096 MiB. Take a smaller network, or fewer samples at a time.'
        : 'did not get them. Dispose of engines that are no longer needed, or take fewer samples at a time.'),
    { cause },
  );
}

export class KernelMemory {
  readonly memory: WebAssembly.Memory;
  /** Samples of a pass at most. */
  readonly rows: number;
  /** Bytes of all parameters, a multiple of 64. */
  readonly parameterBytes: number;
  readonly rates: number;
  readonly parameters: number;
  /** Of the optimizer; 0 where it keeps none. */
  readonly moments: readonly number[];
  readonly threads: readonly ThreadRoom[];
  readonly #network: Network;
  readonly #places: readonly LayerPlace[];
  /** For a few samples of whatever dataset. */
  readonly #stage: number;
  readonly #end: number;
  #bytes: Uint8Array;
  #words: Uint32Array;
  #floats: Float32Array;
  #loaded: Dataset | undefined;

  /** @throws {OutOfMemoryError} where there is not so much memory */
  constructor({ network, threads, moments, isShared }: MemoryOptions) {
    const { layers } = network;
    this.#network = network;
    this.#places = placeLayers(layers);
    this.rows = mostSamples(layers);
    this.parameterBytes = this.#places.at(-1)!.end * 4;

    let next = heapBase;
    const take = (bytes: number): number => {
      const start = next;
      next = up(next + bytes, line);
      return start;
    };
    const values = take(256 * 4);
    this.rates = take(line);
    this.parameters = take(this.parameterBytes);
    this.moments = Array.from({ length: moments }, () => take(this.parameterBytes));
    // Gradients lie at equal distances.
    const gradients = Array.from({ length: threads }, () => take(this.parameterBytes));
    const rooms = gradients.map((gradient) => this.#takeRoom(take, gradient));
    this.threads = rooms.map(({ room }) => room);
    const featureCount = layers[0]!;
    this.#stage = take(this.rows * (featureCount + 1) + 16);
    this.#end = next;

    const pages = Math.ceil(next / pageBytes);
    this.memory = allocate(pages, isShared);
    this.#bytes = new Uint8Array(this.memory.buffer);
    this.#words = new Uint32Array(this.memory.buffer);
    this.#floats = new Float32Array(this.memory.buffer);
    this.#floats.set(
      Float32Array.from({ length: 256 }, (_, byte) => byte / 255),
      values / 4,
    );
    for (const { write } of rooms) write(values);
    this.#writeParameters(network.parameters);
  }

  /** How far apart the threads' gradients are. */
  get gradientDistance(): number {
    return this.parameterBytes;
  }

  /**
   * Takes a dataset into memory, in place of the one before.
   * @throws {OutOfMemoryError} where there is not so much memory
   */
  load(dataset: Dataset): void {
    this.#loaded = undefined;
    const { features, labels, sampleCount } = dataset;
    const labelsAt = this.#end + up(features.length + 16, line);
    this.#grow(labelsAt + sampleCount);
    this.#bytes.set(features, this.#end);
    this.#bytes.set(labels, labelsAt);
    this.#loaded = dataset;
    for (const { context } of this.threads) this.#pointAt(context, this.#end, labelsAt);
  }

  /** Names the samples of a thread's next pass, of a dataset that is loaded or of one that is not. */
  select(thread: number, dataset: Dataset, samples: Uint32Array): void {
    const room = this.threads[thread]!;
    const { featureCount, features, labels } = dataset;
    if (dataset === this.#loaded) {
      this.#words.set(samples, room.samples / 4);
      const labelsAt = this.#end + up(features.length + 16, line);
      this.#pointAt(room.context, this.#end, labelsAt);
      return;
    }
    const labelsAt = this.#stage + this.rows * featureCount + 16;
    samples.forEach((sample, n) => {
      const row = features.subarray(sample * featureCount, (sample + 1) * featureCount);
      this.#bytes.set(row, this.#stage + n * featureCount);
      this.#bytes[labelsAt + n] = labels[sample]!;
      this.#words[room.samples / 4 + n] = n;
    });
    this.#pointAt(room.context, this.#stage, labelsAt);
  }

  /** Sums of cost and of right predictions since the last call. */
  takeSums(thread: number): { costSum: number; correct: number } {
    const { sums } = this.threads[thread]!;
    const view = new DataView(this.memory.buffer);
    const made = { costSum: view.getFloat64(sums, true), correct: view.getUint32(sums + 8, true) };
    view.setFloat64(sums, 0, true);
    view.setUint32(sums + 8, 0, true);
    return made;
  }

  /** What the thread's last pass said; written over by the next. */
  result(thread: number, count: number) {
    const { outputs: at, costs: costsAt, predictions } = this.threads[thread]!;
    const { buffer } = this.memory;
    return {
      outputs: new Float32Array(buffer, at, count * this.#network.layers.at(-1)!),
      costs: new Float64Array(buffer, costsAt, count),
      predictions: new Uint32Array(buffer, predictions, count),
    };
  }

  writeRates(rates: { readonly kind: number; readonly floats: readonly number[] }): void {
    this.#words[this.rates / 4] = rates.kind;
    this.#floats.set(rates.floats, this.rates / 4 + 1);
  }

  /** In the layout of `parameterLayout`. */
  readParameters(): Float32Array<ArrayBuffer> {
    return this.#read(this.parameters);
  }

  /** What a thread's passes asked for, summed over samples, in the layout of `parameterLayout`. */
  readGradient(thread: number): Float32Array<ArrayBuffer> {
    return this.#read(this.threads[thread]!.gradient);
  }

  /** The last layer of whose gradient, the first thread's, something is not finite. */
  lastNonFinite(): number | undefined {
    const gradient = this.threads[0]!.gradient / 4;
    const wrong = this.#places.findLastIndex(
      ({ weights, end }) =>
        !this.#floats.subarray(gradient + weights, gradient + end).every(Number.isFinite),
    );
    return wrong < 0 ? undefined : wrong;
  }

  #read(piece: number): Float32Array<ArrayBuffer> {
    const values = new Float32Array(this.#network.parameterCount);
    this.#eachParameter((to, from) => {
      values[to] = this.#floats[piece / 4 + from]!;
    });
    return values;
  }

  #writeParameters(parameters: Float32Array): void {
    this.#eachParameter((from, to) => {
      this.#floats[this.parameters / 4 + to] = parameters[from]!;
    });
  }

  #eachParameter(visit: (flat: number, packed: number) => void): void {
    this.#places.forEach((place, l) => {
      const { inputs, outputs: columns, weightOffset, biasOffset } = place;
      for (let j = 0; j < columns; j++) {
        const row = weightOffset + j * inputs;
        const first =
          place.weights +
          (l === 0 ? firstWeight(inputs, columns, 0, j) : (j >> 3) * place.weightPanel + (j & 7));
        const step = l === 0 ? firstWeight(inputs, columns, 1, j) + place.weights - first : 8;
        for (let i = 0; i < inputs; i++) visit(row + i, first + i * step);
        visit(biasOffset + j, place.biases + j);
      }
    });
  }

  #pointAt(context: number, features: number, labels: number): void {
    this.#words[context / 4 + 5] = features;
    this.#words[context / 4 + 6] = labels;
  }

  #grow(bytes: number): void {
    const missing = Math.ceil((bytes - this.memory.buffer.byteLength) / pageBytes);
    if (missing <= 0) return;
    try {
      this.memory.grow(missing);
    } catch (cause) {
      throw noRoom(bytes, cause);
    }
    this.#bytes = new Uint8Array(this.memory.buffer);
    this.#words = new Uint32Array(this.memory.buffer);
    this.#floats = new Float32Array(this.memory.buffer);
  }

  #takeRoom(
    take: (bytes: number) => number,
    gradient: number,
  ): { readonly room: ThreadRoom; readonly write: (values: number) => void } {
    const { rows } = this;
    const { layers, activation, output, cost } = this.#network;
    const inputs = layers[0]!;
    const panel = oddLines(rows * 32);
    const structures = take(this.#places.length * layerBytes);
    const context = take(contextBytes);
    const samples = take(rows * 4);
    const bySample = take(rows * inputs * 8);
    const byFeature = take(rows * inputs * 8);
    const sampleEnds = take(rows * 4);
    const featureEnds = take(inputs * 4);
    const outputsAt = take(rows * layers.at(-1)! * 4);
    const costsAt = take(rows * 8);
    const predictions = take(rows * 4);
    const needsZ = slopeSource(activation) === 'z';
    const words = this.#places.map((place, l) => {
      const panels = up(place.outputs, 8) / 8;
      const isLast = l === this.#places.length - 1;
      const a = take(panels * panel);
      const z = needsZ && !isLast ? take(panels * panel) : a;
      // The first layer's delta lies in rows, which its gradient reads in the order of the data.
      const deltaRow = l > 0 ? 32 : panels > 8 ? oddLines(panels * 32) : panels * 32;
      const delta = take(l > 0 ? panels * panel : rows * deltaRow);
      const deltaPanel = l > 0 ? panel : 32;
      return [
        place.inputs,
        place.outputs,
        this.parameters + place.weights * 4,
        place.weightPanel * 4,
        this.parameters + place.biases * 4,
        gradient + place.weights * 4,
        gradient + place.biases * 4,
        a,
        z,
        panel,
        delta,
        deltaPanel,
        deltaRow,
      ];
    });
    const sums = context + 16 * 4;
    const write = (values: number): void => {
      this.#words.set(words.flat(), structures / 4);
      const fields = [
        structures,
        words.length,
        activations.indexOf(activation),
        outputs.indexOf(output),
        costs.indexOf(cost),
        // Features and labels.
        0,
        0,
        values,
        bySample,
        byFeature,
        sampleEnds,
        featureEnds,
        outputsAt,
        costsAt,
        predictions,
      ];
      this.#words.set(fields, context / 4);
    };
    const room = {
      context,
      samples,
      gradient,
      outputs: outputsAt,
      costs: costsAt,
      predictions,
      sums,
    };
    return { room, write };
  }
}
