import type { Network } from '../network/network.ts';
import { parameterLayout } from '../network/parameters.ts';
import type { Optimizer } from '../training/optimizers.ts';
import type { Device } from './device.ts';
import { packRows, packWeights, unpackRows, unpackWeights } from './layout.ts';
import { Readback } from './readback.ts';
import { parameterBuffers } from './step.ts';

/** The weights, biases and velocities on the GPU, and their way there and back. */
export class ParameterStore {
  readonly buffers: ReadonlyMap<string, GPUBuffer>;
  readonly #device: Device;
  readonly #network: Network;
  readonly #readback: Readback;

  private constructor(
    device: Device,
    network: Network,
    buffers: ReadonlyMap<string, GPUBuffer>,
    readback: Readback,
  ) {
    this.#device = device;
    this.#network = network;
    this.buffers = buffers;
    this.#readback = readback;
  }

  /** Uploads the network's parameters; velocities start at 0. */
  static async create(
    device: Device,
    network: Network,
    optimizer: Optimizer,
  ): Promise<ParameterStore> {
    const sizes = parameterBuffers(network, optimizer);
    const buffers = await device.create('the parameters', (allocate) => {
      const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
      return new Map(
        [...sizes].map(([name, size]) => [name, allocate(name, size, usage)] as const),
      );
    });
    const { queue } = device.gpu;
    let bytes = 0;
    parameterLayout(network.layers).forEach(({ inputs, outputs }, l) => {
      const weights = buffers.get(`weights.${l}`)!;
      const biases = buffers.get(`biases.${l}`)!;
      queue.writeBuffer(weights, 0, packWeights(network.weights(l), inputs, outputs));
      queue.writeBuffer(biases, 0, packRows(network.biases(l), 1, outputs));
      bytes += weights.size + biases.size;
    });
    try {
      const readback = await Readback.create(device, 'parameters', bytes, 1);
      return new ParameterStore(device, network, buffers, readback);
    } catch (error) {
      device.release(buffers.values());
      throw error;
    }
  }

  /** Reads weights and biases back, in the public layout. */
  read(): Promise<Float32Array<ArrayBuffer>> {
    return this.#read('weights', 'biases');
  }

  /** Reads the velocities back, in the same layout: after a first step with momentum, they are its gradient. */
  readVelocities(): Promise<Float32Array<ArrayBuffer>> {
    return this.#read('weightVelocity', 'biasVelocity');
  }

  async #read(weights: string, biases: string): Promise<Float32Array<ArrayBuffer>> {
    const layers = parameterLayout(this.#network.layers);
    const ranges = layers.flatMap((_, l) =>
      [`${weights}.${l}`, `${biases}.${l}`].map((name) => {
        const buffer = this.buffers.get(name)!;
        return { buffer, size: buffer.size };
      }),
    );
    const { bytes } = await this.#readback.read(weights, ranges);
    const packed = await bytes;
    const values = new Float32Array(this.#network.parameterCount);
    let offset = 0;
    const next = (size: number) => {
      const part = new Float32Array(packed, offset, size / 4);
      offset += size;
      return part;
    };
    layers.forEach(({ inputs, outputs, weightOffset, biasOffset }, l) => {
      values.set(unpackWeights(next(ranges[2 * l]!.size), inputs, outputs), weightOffset);
      values.set(unpackRows(next(ranges[2 * l + 1]!.size), 1, outputs), biasOffset);
    });
    return values;
  }

  dispose(): void {
    this.#device.release(this.buffers.values());
    this.#readback.dispose();
  }
}
