import { vec4s } from '../../shaders/wgsl.ts';
import type { Dataset } from '../data/dataset.ts';
import { fileOrder } from '../data/shuffle.ts';
import { JoinedPass, type Pass } from '../engine/pass.ts';
import type { Network } from '../network/network.ts';
import type { Device } from './device.ts';
import { stepLayers } from './layers.ts';
import { unpackRows } from './layout.ts';
import { unpackParameters } from './parameterStore.ts';
import type { Plan } from './plan/plan.ts';
import { Passes, Program } from './program.ts';
import { Readback, type Range } from './readback.ts';
import { requireSteps } from './run.ts';
import { counterBytes, settingsBytes } from './source.ts';
import { explanationBuffers, explanationStep } from './step.ts';

/** Read-backs in flight at once. */
const readsInFlight = 3;

interface Parts {
  readonly device: Device;
  readonly network: Network;
  readonly plan: Plan;
  /** Its own buffers and the parameters, by the names that kernels use. */
  readonly buffers: ReadonlyMap<string, GPUBuffer>;
  readonly program: Program;
  readonly readback: Readback;
}

/**
 * Runs samples forward and back with the current parameters, without an update, and reads everything back. It uploads
 * only the samples that it is asked for, so it serves every dataset.
 */
export class Explainer {
  readonly #parts: Parts;
  readonly #own: ReadonlyMap<string, GPUBuffer>;

  private constructor(parts: Parts, own: ReadonlyMap<string, GPUBuffer>) {
    this.#parts = parts;
    this.#own = own;
  }

  /**
   * @param parameters the buffer of the parameters, shared with the engine that trains them
   * @param plan its batch size is the number of samples per chunk
   */
  static async create(
    device: Device,
    network: Network,
    parameters: GPUBuffer,
    plan: Plan,
  ): Promise<Explainer> {
    const sizes = explanationBuffers(network, plan.batchSize);
    const data = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const own = await device.create('the buffers of an explanation', (allocate) => {
      const uniform = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
      return new Map([
        ...Array.from(sizes, ([name, size]) => [name, allocate(name, size, data)] as const),
        ['counter', allocate('counter', counterBytes + 4 * plan.layers.length, data)],
        ['settings', allocate('settings', settingsBytes, uniform)],
      ]);
    });
    let program: Program | undefined;
    try {
      device.gpu.queue.writeBuffer(own.get('order')!, 0, fileOrder(plan.batchSize));
      const buffers = new Map([...own, ['parameters', parameters] as const]);
      program = await Program.create(device, explanationStep(network, plan), buffers);
      const read = ['activations', 'deltas', 'outputs', 'costs', 'gradients'];
      const largest = read.reduce((sum, name) => sum + sizes.get(name)!, 4 + parameters.size);
      const readback = await Readback.create(device, 'explanation', largest, readsInFlight);
      return new Explainer({ device, network, plan, buffers, program, readback }, own);
    } catch (error) {
      program?.dispose();
      device.release(own.values());
      throw error;
    }
  }

  /**
   * Submits the passes of all samples.
   * @returns resolves once all is submitted; the pass arrives later, and does not depend on what is submitted then
   */
  async submit(
    dataset: Dataset,
    samples: Uint32Array,
  ): Promise<{ readonly pass: Promise<JoinedPass> }> {
    const { network, plan } = this.#parts;
    let joined: Promise<JoinedPass> | undefined;
    for (let start = 0; start < samples.length; start += plan.batchSize) {
      const end = start + plan.batchSize;
      const chunk = samples.subarray(start, end);
      // No step comes between the chunks, so the parameters are read once.
      const { read } = await this.#submitChunk(dataset, chunk, joined === undefined);
      const before = joined;
      joined = read.then(async ({ parameters, ...pass }) => {
        const all = before
          ? await before
          : new JoinedPass(network.layers, samples.length, unpackParameters(network, parameters));
        all.add(start, pass);
        return all;
      });
      // The caller awaits the last one; an earlier failure must not count as unhandled.
      joined.catch(() => undefined);
    }
    return { pass: joined! };
  }

  dispose(): void {
    const { device, program, readback } = this.#parts;
    program.dispose();
    device.release(this.#own.values());
    readback.dispose();
  }

  async #submitChunk(
    dataset: Dataset,
    samples: Uint32Array,
    readsParameters: boolean,
  ): Promise<{ readonly read: Promise<Pass & { readonly parameters: Float32Array }> }> {
    const { device, network, plan, buffers, program, readback } = this.#parts;
    const { length } = samples;
    device.throwIfUnusable();
    this.#upload(dataset, samples);
    const encoder = device.gpu.createCommandEncoder({ label: 'explain' });
    const passes = new Passes(encoder, 'explain');
    program.encode(passes, 1);
    passes.end();
    device.gpu.queue.submit([encoder.finish({ label: 'explain' })]);

    const at = stepLayers(network, plan.batchSize);
    const floats = (name: string, vec4Offset: number, count: number): Range => {
      return { buffer: buffers.get(name)!, offset: 16 * vec4Offset, size: 4 * count };
    };
    const rows = (name: string, vec4Offset: number, outputs: number) =>
      floats(name, vec4Offset, 4 * vec4s(outputs) * length);
    const outputs = network.layers.at(-1)!;
    const whole = (name: string) => floats(name, 0, buffers.get(name)!.size / 4);
    const ranges = [
      floats('counter', 0, 1),
      floats('costs', 0, length),
      readsParameters ? whole('parameters') : floats('parameters', 0, 0),
      whole('gradients'),
      rows('outputs', 0, outputs),
      ...at.layers.map((layer) => rows('activations', layer.outputAt, layer.outputs)),
      ...at.layers.map((layer) => rows('deltas', layer.deltaAt, layer.outputs)),
    ];
    const { bytes } = await readback.read('an explanation', ranges, {
      clear: [{ buffer: buffers.get('costs')! }],
    });
    return { read: bytes.then((all) => unpack(network, length, split(all, ranges))) };
  }

  /** Makes these samples the only ones of the next step. */
  #upload({ features, labels, featureCount }: Dataset, samples: Uint32Array): void {
    const { device, buffers } = this.#parts;
    const stride = 4 * vec4s(featureCount);
    const bytes = new Uint8Array(samples.length * stride);
    samples.forEach((sample, n) => {
      const from = sample * featureCount;
      bytes.set(features.subarray(from, from + featureCount), n * stride);
    });
    const write = (name: string, data: Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer>) =>
      device.gpu.queue.writeBuffer(buffers.get(name)!, 0, data);
    write('samples', bytes);
    write(
      'labels',
      Uint32Array.from(samples, (sample) => labels[sample]!),
    );
    write('settings', Uint32Array.of(samples.length, 0, 0, 0));
    write('counter', Uint32Array.of(0, 0));
  }
}

function split(bytes: ArrayBuffer, ranges: readonly Range[]): readonly Float32Array[] {
  let from = 0;
  return ranges.map(({ size }) => {
    const values = new Float32Array(bytes, from, size / 4);
    from += size;
    return values;
  });
}

/** The parameters stay in the layout of the kernels, because they may not have been read. */
function unpack(
  network: Network,
  samples: number,
  [counter, costs, parameters, gradients, outputs, ...layers]: readonly Float32Array[],
): Pass & { readonly parameters: Float32Array } {
  requireSteps('Explaining', new Uint32Array(counter!.buffer, 0, 1)[0]!, 1);
  const sizes = network.layers.slice(1);
  const last = sizes.length - 1;
  const rows = (packed: Float32Array, l: number) => unpackRows(packed, samples, sizes[l]!);
  // The kernels store the last layer's z where the others store a.
  const z = rows(layers[last]!, last);
  return {
    layers: sizes.map((_, l) => ({
      a: rows(l === last ? outputs! : layers[l]!, l),
      delta: rows(layers[sizes.length + l]!, l),
    })),
    costs: costs!,
    predictions: Array.from({ length: samples }, (_, n) => indexOfLargest(z, n, sizes[last]!)),
    gradient: unpackParameters(network, gradients!),
    parameters: parameters!,
  };
}

/** The index of the first largest value in a row, as the kernels choose it. */
function indexOfLargest(values: Float32Array, row: number, columns: number): number {
  let best = 0;
  for (let j = 1; j < columns; j++) {
    if (values[row * columns + j]! > values[row * columns + best]!) best = j;
  }
  return best;
}
