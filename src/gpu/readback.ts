import { DeviceLostError, DisposedError } from '../errors.ts';
import type { Device } from './device.ts';

/** A range of a buffer, in bytes, both multiples of 4. */
export interface Range {
  readonly buffer: GPUBuffer;
  /** Default 0. */
  readonly offset?: number;
  readonly size: number;
}

/** Sums that kernels add to, which a read starts anew. */
export interface Sums {
  readonly buffer: GPUBuffer;
  /** Where the sums begin, in bytes. Default 0. */
  readonly offset?: number;
}

/** Bytes at the end of a buffer of sums, after the sums: a word that shows whether they were cleared. */
export const clearMarkBytes = 4;

/** Buffers of sums that a read may clear. */
const maxCleared = 2;

/**
 * Copies buffers from the GPU to the host through staging buffers of one size. Several copies can be in flight at once.
 *
 * If a device is lost without notice, a read-back may return zeros. Therefore every copy carries a seal, a number
 * unique to this copy. If the seal is missing, the copy was never made, and its zeros are not taken for results.
 *
 * Sums that are not cleared would count twice. Therefore their last word is set before they are cleared, and the next
 * read requires that it is 0.
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
   * @param size maximum bytes of one read
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
          size + 4 * (1 + maxCleared),
          GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
        ),
      );
      return new Readback(device, size, seal, staging);
    });
  }

  /**
   * Queues a copy of `ranges` behind all submitted work, and returns their bytes, one range after another.
   * @param what name of the data in error messages
   * @param more further commands in the same submit: `beforeCopy` records some, and `clear` names at most two buffers of
   *   sums to clear after the copy
   * @returns resolves to a promise of the bytes as soon as the copy is queued
   * @throws {DeviceLostError} when the device is lost, the copy never happened, or the sums were not cleared before
   */
  async read(
    what: string,
    ranges: readonly Range[],
    more: {
      readonly beforeCopy?: (encoder: GPUCommandEncoder) => void;
      readonly clear?: readonly Sums[];
    } = {},
  ): Promise<{ readonly bytes: Promise<ArrayBuffer> }> {
    const staging = this.#free.pop() ?? (await this.#wait());
    const { gpu } = this.#device;
    const sealed = (++this.#copies * 0x9e3779b1) >>> 0;
    gpu.queue.writeBuffer(this.#seal, 0, Uint32Array.of(sealed));
    const encoder = gpu.createCommandEncoder({ label: `read ${what}` });
    more.beforeCopy?.(encoder);
    let offset = 0;
    for (const { buffer, offset: start = 0, size } of ranges) {
      encoder.copyBufferToBuffer(buffer, start, staging, offset, size);
      offset += size;
    }
    encoder.copyBufferToBuffer(this.#seal, 0, staging, this.#size, 4);
    const { clear = [] } = more;
    clear.forEach(({ buffer, offset: from = 0 }, i) => {
      const mark = buffer.size - clearMarkBytes;
      encoder.copyBufferToBuffer(buffer, mark, staging, this.#size + 4 * (1 + i), clearMarkBytes);
      encoder.copyBufferToBuffer(this.#seal, 0, buffer, mark, clearMarkBytes);
      encoder.clearBuffer(buffer, from);
    });
    gpu.queue.submit([encoder.finish()]);
    return { bytes: this.#finish(what, staging, { size: offset, sealed, cleared: clear.length }) };
  }

  /** Destroys the staging buffers. Pending reads reject with a DisposedError. */
  dispose(): void {
    this.#disposed = true;
    this.#device.release(this.#all);
  }

  async #finish(
    what: string,
    staging: GPUBuffer,
    { size, sealed, cleared }: { size: number; sealed: number; cleared: number },
  ): Promise<ArrayBuffer> {
    try {
      await this.#device.finish(`reading ${what}`, staging.mapAsync(GPUMapMode.READ));
      const mapped = staging.getMappedRange();
      const [found, ...marks] = new Uint32Array(mapped, this.#size, 1 + cleared).slice();
      const bytes = mapped.slice(0, size);
      staging.unmap();
      if (found === sealed) {
        if (marks.every((mark) => mark === 0)) return bytes;
        throw new DeviceLostError(
          'unknown',
          `Reading ${what} gave sums that the GPU did not clear after they were last read. ` +
            'They are discarded; request a new device.',
        );
      }
      throw new DeviceLostError(
        'unknown',
        `Reading ${what} gave bytes that the GPU never wrote (seal ${found} instead of ${sealed}). ` +
          'They are discarded; request a new device.',
      );
    } catch (cause) {
      if (!this.#disposed) throw cause;
      // If the device is lost, that is the reason, not `dispose`.
      this.#device.throwIfUnusable();
      throw new DisposedError(
        `Reading ${what} was still pending when dispose() was called. Await it before dispose().`,
        { cause },
      );
    } finally {
      // Pass the buffer on after a failure, too. Otherwise the next reader would wait forever instead of getting the
      // error.
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
