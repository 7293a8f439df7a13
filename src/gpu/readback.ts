import { DeviceLostError, DisposedError } from '../errors.ts';
import type { Device } from './device.ts';

/** A range of a buffer, in bytes, both multiples of 4. */
export interface Range {
  readonly buffer: GPUBuffer;
  /** Default 0. */
  readonly offset?: number;
  readonly size: number;
}

/**
 * Copies buffers from the GPU to the host through staging buffers of one size, several copies in flight at once.
 *
 * On a device that went away without a word a read-back can come out as zeros. So every copy carries a seal, a
 * number that only this copy has: if it is missing, the copy was never made and its zeros are not taken for results.
 */
export class Readback {
  readonly #device: Device;
  readonly #size: number;
  readonly #seal: GPUBuffer;
  readonly #free: GPUBuffer[];
  readonly #all: readonly GPUBuffer[];
  readonly #waiting: ((buffer: GPUBuffer) => void)[] = [];
  #copies = 0;
  #disposed = false;

  private constructor(device: Device, size: number, seal: GPUBuffer, staging: GPUBuffer[]) {
    this.#device = device;
    this.#size = size;
    this.#seal = seal;
    this.#free = [...staging];
    this.#all = [seal, ...staging];
  }

  /**
   * @param size bytes that one read takes at most
   * @param count reads that may be in flight
   */
  static async create(
    device: Device,
    label: string,
    size: number,
    count: number,
  ): Promise<Readback> {
    return await device.create(`${label} staging`, (allocate) => {
      const seal = allocate(`${label} seal`, 4, GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC);
      const staging = Array.from({ length: count }, (_, i) =>
        allocate(
          `${label} staging ${i}`,
          size + 4,
          GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
        ),
      );
      return new Readback(device, size, seal, staging);
    });
  }

  /**
   * Queues a copy of `ranges`, behind everything submitted so far, and gives their bytes, one after another.
   * @param what is read, for errors
   * @param hooks record more commands of the same submit: resolving queries before the copy, clearing what was
   *   copied after it
   * @returns resolves to a promise of the bytes as soon as the copy is queued
   * @throws {DeviceLostError} when the device is lost, or the copy never happened
   */
  async read(
    what: string,
    ranges: readonly Range[],
    hooks: {
      readonly beforeCopy?: (encoder: GPUCommandEncoder) => void;
      readonly afterCopy?: (encoder: GPUCommandEncoder) => void;
    } = {},
  ): Promise<{ readonly bytes: Promise<ArrayBuffer> }> {
    const staging = this.#free.pop() ?? (await this.#wait());
    const { gpu } = this.#device;
    const sealed = (++this.#copies * 0x9e3779b1) >>> 0;
    gpu.queue.writeBuffer(this.#seal, 0, Uint32Array.of(sealed));
    const encoder = gpu.createCommandEncoder({ label: `read ${what}` });
    hooks.beforeCopy?.(encoder);
    let offset = 0;
    for (const { buffer, offset: start = 0, size } of ranges) {
      encoder.copyBufferToBuffer(buffer, start, staging, offset, size);
      offset += size;
    }
    encoder.copyBufferToBuffer(this.#seal, 0, staging, this.#size, 4);
    hooks.afterCopy?.(encoder);
    gpu.queue.submit([encoder.finish()]);
    return { bytes: this.#finish(what, staging, offset, sealed) };
  }

  /** Destroys the staging buffers; reads still under way end in a DisposedError. */
  dispose(): void {
    this.#disposed = true;
    this.#device.release(this.#all);
  }

  async #finish(
    what: string,
    staging: GPUBuffer,
    size: number,
    sealed: number,
  ): Promise<ArrayBuffer> {
    try {
      await this.#device.finish(`reading ${what}`, staging.mapAsync(GPUMapMode.READ));
      const mapped = staging.getMappedRange();
      const found = new Uint32Array(mapped, this.#size, 1)[0]!;
      const bytes = mapped.slice(0, size);
      staging.unmap();
      if (found === sealed) return bytes;
      throw new DeviceLostError(
        'unknown',
        `Reading ${what} gave bytes that the GPU never wrote (seal ${found} instead of ${sealed}). ` +
          'Nothing was taken from it; request a new device.',
      );
    } catch (cause) {
      if (!this.#disposed || cause instanceof DeviceLostError) throw cause;
      throw new DisposedError(
        `Reading ${what} was under way when it was disposed of. Await it before dispose().`,
        { cause },
      );
    } finally {
      // After a failure too: who waits for the buffer is to hear of it, and not to wait for ever.
      const next = this.#waiting.shift();
      if (next) next(staging);
      else this.#free.push(staging);
    }
  }

  async #wait(): Promise<GPUBuffer> {
    return await this.#device.guard(
      'waiting for a free staging buffer',
      new Promise<GPUBuffer>((resolve) => this.#waiting.push(resolve)),
    );
  }
}
