import type { EngineState } from '../engine/engine.ts';
import type { Values } from '../engine/pass.ts';
import { momentCount } from '../engine/optimizers/registry.ts';
import type { Network } from '../network/network.ts';
import { countParameters, parameterLayout } from '../network/parameters.ts';
import type { Optimizer } from '../engine/optimizers.ts';
import type { Device } from './device.ts';
import {
  packLayer,
  packMoments,
  parameterRanges,
  unpackLayer,
  unpackMoments,
  type Vec4Range,
} from './layout.ts';
import { Readback } from './readback.ts';

/** A buffer that lives longer than a step, and the range of each layer in it. */
export interface ParameterBuffer {
  readonly name: 'parameters' | 'moments' | 'gradients';
  readonly size: number;
  /** Ranges in bytes, by layer. */
  readonly ranges: readonly { readonly offset: number; readonly size: number }[];
}

/** The parameters, the moments if the optimizer keeps any, and the gradients if they are clipped. */
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
  vec4Ranges: readonly Vec4Range[],
  vec4Bytes: number,
): ParameterBuffer {
  const ranges = vec4Ranges.map(({ offset, length }) => ({
    offset: offset * vec4Bytes,
    size: length * vec4Bytes,
  }));
  const { offset, size } = ranges.at(-1)!;
  return { name, size: offset + size, ranges };
}

/**
 * Offsets of the layers in a network's parameters, and the distance to the parameters of the next network, in vec4s.
 */
export function parameterPlaces(network: Pick<Network, 'layers'>): {
  readonly offsets: readonly number[];
  readonly stride: number;
} {
  const ranges = parameterRanges(network);
  const { offset, length } = ranges.at(-1)!;
  return { offsets: ranges.map((range) => range.offset), stride: offset + length };
}

export interface ParameterStoreOptions {
  /** At least one network, all of the same shape. Each buffer stores them one after another. */
  readonly networks: readonly Network[];
  readonly optimizer: Optimizer;
  readonly isClipping: boolean;
  /** Name of the buffers in error messages. Default: the parameters. */
  readonly what?: string;
}

/** The parameters and optimizer moments of networks on the GPU, with upload and read-back. */
export class ParameterStore {
  /** Buffers by the names that kernels use. */
  readonly bindings: ReadonlyMap<string, GPUBuffer>;
  readonly #device: Device;
  readonly #network: Network;
  readonly #momentCount: number;
  /** Layout of one network. */
  readonly #layouts: readonly ParameterBuffer[];
  readonly #readback: Readback;

  private constructor(
    device: Device,
    { networks, optimizer }: ParameterStoreOptions,
    layouts: readonly ParameterBuffer[],
    bindings: ReadonlyMap<string, GPUBuffer>,
    readback: Readback,
  ) {
    this.#device = device;
    this.#network = networks[0]!;
    this.#momentCount = momentCount(optimizer);
    this.#layouts = layouts;
    this.#readback = readback;
    this.bindings = bindings;
    networks.forEach(({ parameters }, n) => this.#write('parameters', n, this.#pack(parameters)));
  }

  /** Uploads the networks' parameters; moments start at 0. */
  static async create(device: Device, options: ParameterStoreOptions): Promise<ParameterStore> {
    const { networks, optimizer, isClipping, what = 'the parameters' } = options;
    const layouts = parameterBuffers(networks[0]!, optimizer, isClipping);
    const bindings = await device.createBuffers(
      what,
      layouts.map(({ name, size }) => [name, size * networks.length]),
    );
    try {
      const readable = layouts.filter(({ name }) => name !== 'gradients');
      const size = readable.reduce((sum, layout) => sum + layout.size, 0);
      const readback = await Readback.create(device, 'parameters', size, 1);
      return new ParameterStore(device, options, layouts, bindings, readback);
    } catch (error) {
      device.release(bindings.values());
      throw error;
    }
  }

  /**
   * Reads the parameters of a network back, in the public layout.
   * @param what name of the data in error messages
   */
  async read(index = 0, what = 'parameters'): Promise<Float32Array<ArrayBuffer>> {
    const { bytes } = await this.#read(what, index, ['parameters']);
    return this.#unpack(new Float32Array(await bytes));
  }

  /** Reads the moments of a network back, each in the layout of the parameters. */
  async readMoments(index = 0): Promise<readonly Float32Array<ArrayBuffer>[]> {
    if (this.#momentCount === 0) return [];
    const { bytes } = await this.#read('moments', index, ['moments']);
    return this.#unpackMoments(new Float32Array(await bytes));
  }

  /**
   * Reads parameters and moments of a network back, both of one moment.
   * @returns resolves once the copy is submitted; the state arrives later, and does not depend on what is submitted then
   */
  async readState(index = 0): Promise<{ readonly state: Promise<EngineState> }> {
    const { bytes } = await this.#read('the state of training', index, ['parameters', 'moments']);
    const size = this.#layouts[0]!.size / 4;
    return {
      state: bytes.then((read) => {
        const packed = new Float32Array(read);
        return {
          parameters: this.#unpack(packed.subarray(0, size)),
          moments: this.#momentCount === 0 ? [] : this.#unpackMoments(packed.subarray(size)),
        };
      }),
    };
  }

  /** Sets parameters and moments of a network. */
  writeState(index: number, { parameters, moments }: EngineState): void {
    this.#write('parameters', index, this.#pack(parameters));
    if (moments.length === 0) return;
    this.#write('moments', index, packMoments(moments.map((moment) => this.#pack(moment))));
  }

  dispose(): void {
    this.#device.release(this.bindings.values());
    this.#readback.dispose();
  }

  #write(name: 'parameters' | 'moments', index: number, packed: Float32Array<ArrayBuffer>): void {
    const at = packed.byteLength * index;
    this.#device.gpu.queue.writeBuffer(this.bindings.get(name)!, at, packed);
  }

  async #read(
    what: string,
    index: number,
    names: readonly ParameterBuffer['name'][],
  ): Promise<{ readonly bytes: Promise<ArrayBuffer> }> {
    const layouts = this.#layouts.filter(({ name }) => names.includes(name));
    const ranges = layouts.map(({ name, size }) => {
      return { buffer: this.bindings.get(name)!, offset: size * index, size };
    });
    return await this.#readback.read(what, ranges);
  }

  /** The inverse of {@link unpackParameters}. */
  #pack(values: Values): Float32Array<ArrayBuffer> {
    const packed = new Float32Array(this.#layouts[0]!.size / 4);
    const { ranges } = this.#layouts[0]!;
    parameterLayout(this.#network.layers).forEach((layer, l) => {
      const { inputs, outputs, weightOffset, biasOffset } = layer;
      const weights = values.subarray(weightOffset, biasOffset);
      const biases = values.subarray(biasOffset, biasOffset + outputs);
      packed.set(packLayer(weights, biases, inputs, outputs), ranges[l]!.offset / 4);
    });
    return packed;
  }

  #unpack(packed: Float32Array): Float32Array<ArrayBuffer> {
    return unpackParameters(this.#network, packed);
  }

  #unpackMoments(packed: Float32Array): readonly Float32Array<ArrayBuffer>[] {
    return unpackMoments(packed, this.#momentCount).map((moment) => this.#unpack(moment));
  }
}

/** Parameters or gradients of a network in the layout of `parameterLayout`, from the layout of the kernels. */
export function unpackParameters(
  { layers }: Pick<Network, 'layers'>,
  packed: Float32Array,
): Float32Array<ArrayBuffer> {
  const values = new Float32Array(countParameters(layers));
  const ranges = parameterRanges({ layers });
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
