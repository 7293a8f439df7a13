import { momentCount } from '../../shaders/optimizer.ts';
import type { Network } from '../network/network.ts';
import { parameterLayout } from '../network/parameters.ts';
import type { Optimizer } from '../engine/optimizers.ts';
import type { Device } from './device.ts';
import {
  packLayer,
  parameterRanges,
  unpackLayer,
  unpackMoments,
  type QuadRange,
} from './layout.ts';
import { Readback } from './readback.ts';

/** A buffer that outlives steps, and the ranges of it that the layers are. */
export interface ParameterBuffer {
  readonly name: 'parameters' | 'moments' | 'gradients';
  readonly size: number;
  /** In bytes, by layer. */
  readonly ranges: readonly { readonly offset: number; readonly size: number }[];
}

/** The parameters; their moments, where the optimizer keeps any; their gradients, where these are clipped. */
export function parameterBuffers(
  network: Pick<Network, 'layers'>,
  optimizer: Optimizer,
  isClipping: boolean,
): readonly ParameterBuffer[] {
  const ranges = parameterRanges(network);
  const moments = momentCount(optimizer);
  return [
    bufferOf('parameters', ranges, 16),
    ...(moments > 0 ? [bufferOf('moments', ranges, 16 * moments)] : []),
    ...(isClipping ? [bufferOf('gradients', ranges, 16)] : []),
  ];
}

function bufferOf(
  name: ParameterBuffer['name'],
  quadRanges: readonly QuadRange[],
  quadBytes: number,
): ParameterBuffer {
  const ranges = quadRanges.map(({ offset, length }) => ({
    offset: offset * quadBytes,
    size: length * quadBytes,
  }));
  const { offset, size } = ranges.at(-1)!;
  return { name, size: offset + size, ranges };
}

/** The parameters and the optimizer's moments on the GPU, and their way there and back. */
export class ParameterStore {
  /** By the names that kernels use. */
  readonly bindings: ReadonlyMap<string, GPUBuffer>;
  readonly #device: Device;
  readonly #network: Network;
  readonly #momentCount: number;
  readonly #buffers: readonly GPUBuffer[];
  readonly #readback: Readback;

  private constructor(
    device: Device,
    network: Network,
    moments: number,
    layouts: readonly ParameterBuffer[],
    buffers: readonly GPUBuffer[],
    readback: Readback,
  ) {
    this.#device = device;
    this.#network = network;
    this.#momentCount = moments;
    this.#buffers = buffers;
    this.#readback = readback;
    this.bindings = new Map(layouts.map(({ name }, i) => [name, buffers[i]!] as const));
  }

  /** Uploads the network's parameters; moments start at 0. */
  static async create(
    device: Device,
    network: Network,
    optimizer: Optimizer,
    isClipping: boolean,
  ): Promise<ParameterStore> {
    const layouts = parameterBuffers(network, optimizer, isClipping);
    const buffers = await device.create('the parameters', (allocate) => {
      const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
      return layouts.map(({ name, size }) => allocate(name, size, usage));
    });
    const { ranges } = layouts[0]!;
    parameterLayout(network.layers).forEach(({ inputs, outputs }, l) => {
      const layer = packLayer(network.weights(l), network.biases(l), inputs, outputs);
      device.gpu.queue.writeBuffer(buffers[0]!, ranges[l]!.offset, layer);
    });
    try {
      const largest = Math.max(...layouts.map(({ size }) => size));
      const readback = await Readback.create(device, 'parameters', largest, 1);
      return new ParameterStore(
        device,
        network,
        momentCount(optimizer),
        layouts,
        buffers,
        readback,
      );
    } catch (error) {
      device.release(buffers);
      throw error;
    }
  }

  /** Reads the parameters back, in the public layout. */
  async read(): Promise<Float32Array<ArrayBuffer>> {
    return this.#unpack(await this.#read(0));
  }

  /** Reads the moments back, each in the layout of the parameters. */
  async readMoments(): Promise<readonly Float32Array<ArrayBuffer>[]> {
    if (this.#momentCount === 0) return [];
    const moments = unpackMoments(await this.#read(1), this.#momentCount);
    return moments.map((moment) => this.#unpack(moment));
  }

  dispose(): void {
    this.#device.release(this.#buffers);
    this.#readback.dispose();
  }

  async #read(index: number): Promise<Float32Array> {
    const buffer = this.#buffers[index]!;
    const { bytes } = await this.#readback.read(buffer.label, [{ buffer, size: buffer.size }]);
    return new Float32Array(await bytes);
  }

  #unpack(packed: Float32Array): Float32Array<ArrayBuffer> {
    const { layers, parameterCount } = this.#network;
    const values = new Float32Array(parameterCount);
    const ranges = parameterRanges(this.#network);
    parameterLayout(layers).forEach(({ inputs, outputs, weightOffset, biasOffset }, l) => {
      const { weights, biases } = unpackLayer(
        packed.subarray(4 * ranges[l]!.offset),
        inputs,
        outputs,
      );
      values.set(weights, weightOffset);
      values.set(biases, biasOffset);
    });
    return values;
  }
}
