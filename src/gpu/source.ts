/**
 * Where a step's samples come from: a dataset that lives on the GPU, or one that is streamed to it. Kernels see no
 * difference: `order` says which sample of `samples` stands at which position, and a streamed chunk is simply a
 * small dataset in file order. So both give the same bits.
 */
import { settingsBytes } from '../../shaders/batch.ts';
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
  /** Where the next step to be submitted is. */
  readonly cursor: TrainingCursor;
  /** What the GPU's step counter reads once all steps handed out so far are done: a check of the cursor. */
  readonly counter: number;
  /**
   * Starts, or resumes, an epoch. To be called in the order of the queue, like everything here.
   * @param cursor where it begins; the source moves it on from now on
   */
  begin(order: Uint32Array<ArrayBuffer>, cursor: TrainingCursor): void;
  /**
   * Makes the samples of the next steps available, recording copies if it must, and moves the cursor on by them.
   * @param max steps wanted, at least 1
   * @returns steps that may now be recorded, from 1 to `max`
   */
  advance(encoder: GPUCommandEncoder, max: number): Promise<number>;
  /** To be called once what `advance` recorded is submitted. */
  submitted(): void;
  dispose(): void;
}

/** Bytes of a dataset on the GPU. */
function residentBytes(dataset: Dataset): number {
  return dataset.sampleCount * 4 * vec4s(dataset.featureCount);
}

/** Above this a dataset is streamed even where one buffer could hold it. */
const maxResidentBytes = 2 ** 30;

/** Whether a dataset can be kept on the GPU whole. */
export function fitsOnDevice(device: Device, dataset: Dataset): boolean {
  const largest = Math.min(
    device.limit('maxStorageBufferBindingSize'),
    device.limit('maxBufferSize'),
    maxResidentBytes,
  );
  return residentBytes(dataset) <= largest;
}

/** Bytes of one chunk of a streamed dataset, about: large enough to be worth a copy, small enough to forget. */
const chunkBytes = 2 ** 21;
/** Chunks being filled, in flight, and in use. */
const ringSize = 3;

const data = () => GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;

/** What a source needs to know to train. */
export interface TrainingControls {
  readonly optimizerScalarsOf: OptimizerScalarsOf;
  /** Layers of weights: each has a word behind the counter, see `raiseNonFinite` in shaders/batch.ts. */
  readonly layerCount: number;
}

/** Bytes of the counter in front of the layers' words. */
export const counterBytes = 8;

/** Step counter, settings and optimizerScalars, which both kinds of source keep. */
class Controls {
  readonly counter: GPUBuffer;
  readonly settings: GPUBuffer;
  readonly optimizerScalars: GPUBuffer | undefined;
  readonly #device: Device;
  readonly #training: TrainingControls | undefined;

  /** @param steps that are written at once, at most */
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

  /** By the names of `sourceBuffers`. */
  get buffers(): readonly (readonly [string, GPUBuffer])[] {
    const { counter, settings, optimizerScalars } = this;
    return [
      ['counter', counter],
      ['settings', settings],
      ...(optimizerScalars ? [['optimizerScalars', optimizerScalars] as const] : []),
    ];
  }

  /**
   * Sets the counter to `step`, of a dataset or chunk of `sampleCount` samples, and the optimizerScalars of this step and those
   * after it.
   * @param steps of the dataset or chunk
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
 * Makes the source of a dataset.
 * @param stream when it is not to be kept on the GPU
 * @param training absent where nothing is trained
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
    // In pieces, so that packing never doubles a large dataset in memory.
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
    // Everything is on the GPU already.
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
 * Copies the epoch's samples in chunks of whole mini-batches through a ring of mapped staging buffers. A staging
 * buffer is written by the host only while it is mapped, which it becomes again once the GPU has copied it: so the
 * host can be up to a ring ahead, and never further.
 */
class StreamingSource implements BatchSource {
  readonly buffers: ReadonlyMap<string, GPUBuffer>;
  readonly #device: Device;
  readonly #dataset: Dataset;
  readonly #batchSize: number;
  readonly #controls: Controls;
  readonly #stepsPerChunk: number;
  /** The next to be written first; each with the promise that it is mapped. */
  readonly #ring: StagingSlot[];
  /** Slot whose copy is recorded and not yet submitted. */
  #recorded: StagingSlot | undefined;
  #order: Uint32Array = new Uint32Array();
  /** Steps of the chunk on the GPU that have not been handed out. */
  #left = 0;
  cursor = new TrainingCursor();
  /** Counts from the beginning of the chunk. */
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
    // Only now: a buffer that waits to be mapped must not be part of a submit.
    this.#recorded.mapped = this.#recorded.buffer.mapAsync(GPUMapMode.WRITE);
    // A loss before the next use is reported by that use's guard.
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
