/**
 * Provides the samples of each step, from a dataset kept on the GPU or from one streamed to it. Kernels see no
 * difference: `order` maps each position to a sample in `samples`, and a streamed chunk is simply a small dataset in
 * file order. Therefore both give the same bits.
 */
import { vec4s } from '../../shaders/wgsl.ts';
import type { Dataset } from '../data/dataset.ts';
import { fileOrder } from '../data/shuffle.ts';
import { stepsPerEpoch } from '../engine/batches.ts';
import { TrainingCursor } from '../engine/cursor.ts';
import type { Allocate, Device } from './device.ts';
import { packSamples } from './layout.ts';
import type { OptimizerScalarsOf } from './optimizerScalars.ts';

export interface BatchSource {
  /** The buffers of `sourceBuffers` (step.ts), by name. */
  readonly buffers: ReadonlyMap<string, GPUBuffer>;
  /** Position of the next step to submit. */
  readonly cursor: TrainingCursor;
  /** Value that the GPU's step counter should have after all steps handed out so far; used to verify the cursor. */
  readonly counter: number;
  /**
   * Starts or resumes an epoch. Call it in queue order, like all methods here.
   * @param cursor position to start from; the source advances it from now on
   */
  begin(order: Uint32Array<ArrayBuffer>, cursor: TrainingCursor): void;
  /**
   * Makes the samples of the next steps available, records copies if needed, and advances the cursor.
   * @param max steps wanted, at least 1
   * @returns steps that may now be recorded, from 1 to `max`
   */
  advance(encoder: GPUCommandEncoder, max: number): Promise<number>;
  /** Call this after submitting the commands that `advance` recorded. */
  submitted(): void;
  dispose(): void;
}

/** Bytes of the WGSL struct `Settings`: the size of uniform buffers is a multiple of 16. */
export const settingsBytes = 16;

/** Bytes of a dataset on the GPU. */
function residentBytes(dataset: Dataset): number {
  return dataset.sampleCount * 4 * vec4s(dataset.featureCount);
}

/** Larger datasets are streamed, even if one buffer could hold them. */
const maxResidentBytes = 2 ** 30;

/** Whether the whole dataset can stay on the GPU. */
export function fitsOnDevice(device: Device, dataset: Dataset): boolean {
  const largest = Math.min(
    device.limit('maxStorageBufferBindingSize'),
    device.limit('maxBufferSize'),
    maxResidentBytes,
  );
  return residentBytes(dataset) <= largest;
}

/**
 * Approximate bytes of one chunk of a streamed dataset: large enough for an efficient copy, small enough for its memory
 * not to matter.
 */
const chunkBytes = 2 ** 21;
/** Staging buffers: one being filled, one in flight, one in use. */
const ringSize = 3;

const data = () => GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;

/** Data that a source needs for training. */
export interface TrainingControls {
  readonly optimizerScalarsOf: OptimizerScalarsOf;
  /** Number of weight layers. Each has a word behind the counter; see `raiseNonFinite` in shaders/batch.ts. */
  readonly layerCount: number;
}

/** Bytes of the counter, which precedes the words of the layers. */
export const counterBytes = 8;

/** Step counter, settings and optimizer scalars. Both kinds of source have them. */
class Controls {
  readonly counter: GPUBuffer;
  readonly settings: GPUBuffer;
  readonly optimizerScalars: GPUBuffer | undefined;
  readonly #device: Device;
  readonly #training: TrainingControls | undefined;

  /** @param steps maximum number of steps written at once */
  constructor(
    device: Device,
    allocate: Allocate,
    steps: number,
    training: TrainingControls | undefined,
  ) {
    this.#device = device;
    this.#training = training;
    const bytes = counterBytes + 4 * (training?.layerCount ?? 0);
    this.counter = allocate('counter', bytes, data() | GPUBufferUsage.COPY_SRC);
    this.settings = allocate(
      'settings',
      settingsBytes,
      GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    );
    if (training) this.optimizerScalars = allocate('optimizerScalars', 16 * steps, data());
  }

  /** Buffers by the names in `sourceBuffers`. */
  get buffers(): readonly (readonly [string, GPUBuffer])[] {
    const { counter, settings, optimizerScalars } = this;
    return [
      ['counter', counter],
      ['settings', settings],
      ...(optimizerScalars ? [['optimizerScalars', optimizerScalars] as const] : []),
    ];
  }

  /**
   * Sets the counter to `step` in a dataset or chunk of `sampleCount` samples, and writes the optimizer scalars from
   * this step on.
   * @param steps number of steps in the dataset or chunk
   * @param stepsBefore steps over all epochs before this one
   */
  write(step: number, sampleCount: number, steps: number, stepsBefore: number): void {
    const { queue } = this.#device.gpu;
    queue.writeBuffer(this.counter, 0, Uint32Array.of(step, step));
    queue.writeBuffer(this.settings, 0, Uint32Array.of(sampleCount, stepsBefore - step, 0, 0));
    if (this.optimizerScalars && this.#training && step < steps) {
      const optimizerScalars = this.#training.optimizerScalarsOf(stepsBefore, steps - step);
      queue.writeBuffer(this.optimizerScalars, 16 * step, optimizerScalars);
    }
  }
}

/**
 * Creates the source for a dataset.
 * @param stream true streams the dataset instead of keeping it on the GPU
 * @param training omit it for evaluation
 */
export async function createSource(
  device: Device,
  dataset: Dataset,
  batchSize: number,
  stream: boolean,
  training?: TrainingControls,
): Promise<BatchSource> {
  return stream
    ? await StreamingSource.create(device, dataset, batchSize, training)
    : await ResidentSource.create(device, dataset, batchSize, training);
}

class ResidentSource implements BatchSource {
  readonly buffers: ReadonlyMap<string, GPUBuffer>;
  cursor = new TrainingCursor();
  readonly #device: Device;
  readonly #sampleCount: number;
  readonly #steps: number;
  readonly #controls: Controls;

  private constructor(
    device: Device,
    sampleCount: number,
    steps: number,
    buffers: ReadonlyMap<string, GPUBuffer>,
    controls: Controls,
  ) {
    this.#device = device;
    this.#sampleCount = sampleCount;
    this.#steps = steps;
    this.buffers = buffers;
    this.#controls = controls;
  }

  static async create(
    device: Device,
    dataset: Dataset,
    batchSize: number,
    training: TrainingControls | undefined,
  ): Promise<ResidentSource> {
    const { sampleCount, featureCount } = dataset;
    const steps = stepsPerEpoch(sampleCount, batchSize);
    const source = await device.create(`dataset '${dataset.name}'`, (allocate) => {
      const controls = new Controls(device, allocate, steps, training);
      const buffers = new Map([
        ['samples', allocate('samples', residentBytes(dataset), data())],
        ['labels', allocate('labels', 4 * sampleCount, data())],
        ['order', allocate('order', 4 * sampleCount, data())],
        ...controls.buffers,
      ]);
      return new ResidentSource(device, sampleCount, steps, buffers, controls);
    });
    const { queue } = device.gpu;
    // Upload in pieces: packing a large dataset at once would double its memory.
    const stride = 4 * vec4s(featureCount);
    const piece = Math.max(1, Math.floor((4 * chunkBytes) / stride));
    const bytes = new Uint8Array(Math.min(piece, sampleCount) * stride);
    for (let start = 0; start < sampleCount; start += piece) {
      const count = Math.min(piece, sampleCount - start);
      packSamples(dataset.features.subarray(start * featureCount), count, featureCount, bytes);
      queue.writeBuffer(source.#buffer('samples'), start * stride, bytes, 0, count * stride);
    }
    queue.writeBuffer(source.#buffer('labels'), 0, Uint32Array.from(dataset.labels));
    return source;
  }

  get counter(): number {
    return this.cursor.stepOfEpoch;
  }

  begin(order: Uint32Array<ArrayBuffer>, cursor: TrainingCursor): void {
    this.#device.gpu.queue.writeBuffer(this.#buffer('order'), 0, order);
    this.#controls.write(cursor.stepOfEpoch, this.#sampleCount, this.#steps, cursor.step);
    this.cursor = cursor;
  }

  advance(_encoder: GPUCommandEncoder, max: number): Promise<number> {
    this.cursor.advance(max);
    return Promise.resolve(max);
  }

  submitted(): void {
    // Nothing to do: all samples are on the GPU already.
  }

  dispose(): void {
    this.#device.release(this.buffers.values());
  }

  #buffer(name: string): GPUBuffer {
    return this.buffers.get(name)!;
  }
}

interface StagingSlot {
  readonly buffer: GPUBuffer;
  /** Resolves once the host may write the buffer. */
  mapped: Promise<unknown>;
}

/**
 * Copies the samples of an epoch to the GPU in chunks of whole mini-batches, through a ring of mapped staging buffers.
 * The host may write a staging buffer only while it is mapped, and it is mapped again only after the GPU has copied it.
 * Therefore the host is never more than one ring ahead.
 */
class StreamingSource implements BatchSource {
  readonly buffers: ReadonlyMap<string, GPUBuffer>;
  readonly #device: Device;
  readonly #dataset: Dataset;
  readonly #batchSize: number;
  readonly #controls: Controls;
  readonly #stepsPerChunk: number;
  /** The next slot to write comes first. */
  readonly #ring: StagingSlot[];
  /** Slot whose copy is recorded but not yet submitted. */
  #recorded: StagingSlot | undefined;
  #order: Uint32Array = new Uint32Array();
  /** Steps of the current chunk that have not been handed out. */
  #left = 0;
  cursor = new TrainingCursor();
  /** Counts from the start of the chunk. */
  counter = 0;

  private constructor(
    device: Device,
    dataset: Dataset,
    batchSize: number,
    stepsPerChunk: number,
    training: TrainingControls | undefined,
    allocate: Allocate,
  ) {
    this.#device = device;
    this.#dataset = dataset;
    this.#batchSize = batchSize;
    this.#stepsPerChunk = stepsPerChunk;
    this.#controls = new Controls(device, allocate, stepsPerChunk, training);
    const samples = stepsPerChunk * batchSize;
    const sampleBytes = samples * 4 * vec4s(dataset.featureCount);
    this.buffers = new Map([
      ['samples', allocate('samples chunk', sampleBytes, data())],
      ['labels', allocate('labels chunk', 4 * samples, data())],
      ['order', allocate('order in chunk', 4 * samples, data())],
      ...this.#controls.buffers,
    ]);
    this.#ring = Array.from({ length: ringSize }, (_, i) => ({
      buffer: allocate(
        `chunk staging ${i}`,
        sampleBytes + 4 * samples,
        GPUBufferUsage.MAP_WRITE | GPUBufferUsage.COPY_SRC,
      ),
      mapped: Promise.resolve(),
    }));
  }

  static async create(
    device: Device,
    dataset: Dataset,
    batchSize: number,
    training: TrainingControls | undefined,
  ): Promise<StreamingSource> {
    const batchBytes = batchSize * 4 * vec4s(dataset.featureCount);
    const stepsPerChunk = Math.min(
      Math.max(1, Math.floor(chunkBytes / batchBytes)),
      stepsPerEpoch(dataset.sampleCount, batchSize),
    );
    const source = await device.create(
      `the stream of dataset '${dataset.name}'`,
      (allocate) =>
        new StreamingSource(device, dataset, batchSize, stepsPerChunk, training, allocate),
    );
    const order = source.buffers.get('order')!;
    device.gpu.queue.writeBuffer(order, 0, fileOrder(order.size / 4));
    for (const slot of source.#ring) {
      slot.mapped = slot.buffer.mapAsync(GPUMapMode.WRITE);
      slot.mapped.catch(() => undefined);
    }
    return source;
  }

  begin(order: Uint32Array<ArrayBuffer>, cursor: TrainingCursor): void {
    this.#order = order;
    this.cursor = cursor;
    this.#left = 0;
  }

  async advance(encoder: GPUCommandEncoder, max: number): Promise<number> {
    if (this.#left === 0) await this.#loadChunk(encoder);
    const steps = Math.min(max, this.#left);
    this.#left -= steps;
    this.cursor.advance(steps);
    this.counter += steps;
    return steps;
  }

  submitted(): void {
    if (!this.#recorded) return;
    // Request the mapping only now: WebGPU rejects a submit that uses a buffer with a pending mapping.
    this.#recorded.mapped = this.#recorded.buffer.mapAsync(GPUMapMode.WRITE);
    // If the device is lost, the guard at the next use reports it.
    this.#recorded.mapped.catch(() => undefined);
    this.#recorded = undefined;
  }

  dispose(): void {
    this.#device.release(this.buffers.values());
    this.#device.release(this.#ring.map(({ buffer }) => buffer));
  }

  /** Fills the next staging buffer with the samples of the next chunk and records its copy. */
  async #loadChunk(encoder: GPUCommandEncoder): Promise<void> {
    const { step, stepOfEpoch } = this.cursor;
    const start = stepOfEpoch * this.#batchSize;
    const count = Math.min(this.#stepsPerChunk * this.#batchSize, this.#order.length - start);
    const slot = this.#ring.shift()!;
    this.#ring.push(slot);
    await this.#device.finish('waiting for a staging buffer of the stream', slot.mapped);
    this.#fill(slot.buffer.getMappedRange(), start, count);
    slot.buffer.unmap();
    const samples = this.buffers.get('samples')!;
    const labels = this.buffers.get('labels')!;
    encoder.copyBufferToBuffer(slot.buffer, 0, samples, 0, samples.size);
    encoder.copyBufferToBuffer(slot.buffer, samples.size, labels, 0, labels.size);
    this.#recorded = slot;
    this.#left = stepsPerEpoch(count, this.#batchSize);
    this.#controls.write(0, count, this.#left, step);
    this.counter = 0;
  }

  #fill(staging: ArrayBuffer, start: number, count: number): void {
    const { features, labels, featureCount } = this.#dataset;
    const stride = 4 * vec4s(featureCount);
    const sampleBytes = this.buffers.get('samples')!.size;
    const toSamples = new Uint8Array(staging, 0, sampleBytes);
    const toLabels = new Uint32Array(staging, sampleBytes);
    for (let i = 0; i < count; i++) {
      const sample = this.#order[start + i]!;
      toSamples.set(
        features.subarray(sample * featureCount, (sample + 1) * featureCount),
        i * stride,
      );
      toLabels[i] = labels[sample]!;
    }
  }
}
