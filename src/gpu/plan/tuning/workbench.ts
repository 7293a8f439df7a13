/** Measures the kernels of a network on buffers of real size, filled with noise. */
import type { Kernel } from '../../../../shaders/kernel.ts';
import { createDataset, type Dataset } from '../../../data/dataset.ts';
import { fileOrder } from '../../../data/shuffle.ts';
import type { Network } from '../../../network/network.ts';
import { Random } from '../../../network/random.ts';
import { TrainingCursor } from '../../../engine/cursor.ts';
import type { Optimizer } from '../../../engine/optimizers.ts';
import type { Device } from '../../device.ts';
import { parameterBuffers } from '../../parameterStore.ts';
import type { Plan } from '../plan.ts';
import type { BatchTimer } from '../../probes/batchTimer.ts';
import { measureSlope } from '../../probes/slope.ts';
import { Program, type Passes } from '../../program.ts';
import { createSource, type BatchSource } from '../../source.ts';
import { trainingBuffers, trainingStep } from '../../step.ts';

export type Timer = Pick<BatchTimer, 'run' | 'emptySeconds' | 'minSeconds'>;

export interface WorkbenchOptions {
  readonly network: Network;
  readonly batchSize: number;
  readonly optimizer: Optimizer;
  readonly clipNorm?: number | undefined;
}

/** Number of mini-batches in the noise dataset. */
const batches = 4;

interface Compiled {
  readonly program: Program;
  /** Whether it has run before. */
  isWarm: boolean;
}

export class Workbench {
  readonly #device: Device;
  readonly #timer: Timer;
  readonly #options: WorkbenchOptions;
  readonly #source: BatchSource;
  readonly #made: ReadonlyMap<string, GPUBuffer>;
  /** Compiled programs, by code. */
  readonly #programs = new Map<string, Compiled>();
  /** Textures shared by all programs; separate ones for dozens of candidates would fill the memory. */
  readonly #textures = new Map<string, GPUTexture>();

  private constructor(
    device: Device,
    timer: Timer,
    options: WorkbenchOptions,
    source: BatchSource,
    made: ReadonlyMap<string, GPUBuffer>,
  ) {
    this.#device = device;
    this.#timer = timer;
    this.#options = options;
    this.#source = source;
    this.#made = made;
  }

  static async create(device: Device, timer: Timer, options: WorkbenchOptions): Promise<Workbench> {
    const { network, batchSize, optimizer, clipNorm } = options;
    const dataset = noise(network, batches * batchSize);
    // The learning rate is so small that any number of steps leaves the parameters almost unchanged.
    const optimizerScalarsOf = (_: number, steps: number) =>
      Float32Array.from({ length: 4 * steps }, (__, i) => [1e-12, 1, 0, 0][i % 4]!);
    const training = { optimizerScalarsOf, layerCount: network.layers.length - 1 };
    const source = await createSource(device, dataset, batchSize, false, training);
    try {
      source.begin(fileOrder(dataset.sampleCount), new TrainingCursor());
      const sizes = new Map([
        ...trainingBuffers(network, batchSize, clipNorm),
        ...parameterBuffers(network, optimizer, clipNorm !== undefined).map(
          ({ name, size }) => [name, size] as const,
        ),
        ['counter', source.buffers.get('counter')!.size] as const,
      ]);
      const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
      const made = await device.create('buffers to tune with', (allocate) => {
        const named = [...sizes].map(
          ([name, size]) => [name, allocate(name, size, usage)] as const,
        );
        return new Map(named);
      });
      const bench = new Workbench(device, timer, options, source, made);
      bench.#fill();
      return bench;
    } catch (error) {
      source.dispose();
      throw error;
    }
  }

  /** Returns the kernels of a training step for a plan. */
  kernels(plan: Plan): readonly Kernel[] {
    const { network, optimizer, clipNorm } = this.#options;
    return trainingStep(network, plan, optimizer, clipNorm);
  }

  /**
   * Measures once how many seconds these kernels take, one after another.
   * @throws {ShaderError} when a kernel is rejected
   */
  async time(kernels: readonly Kernel[]): Promise<number> {
    const parts: Compiled[] = [];
    for (const kernel of kernels) parts.push(await this.#programOf(kernel));
    const record = (passes: Passes, times: number) => {
      for (let time = 0; time < times; time++) {
        for (const { program } of parts) program.encode(passes, 1);
      }
    };
    const isWarm = parts.every((part) => part.isWarm);
    const options = { rounds: 1, deadline: Infinity, isWarm };
    const { value } = await measureSlope(this.#timer, record, options);
    for (const part of parts) part.isWarm = true;
    return value;
  }

  dispose(): void {
    this.#device.release(this.#textures.values());
    this.#source.dispose();
    this.#device.release(this.#made.values());
  }

  async #programOf(kernel: Kernel) {
    const key = `${kernel.workgroups.join()} ${kernel.code}`;
    const found = this.#programs.get(key);
    if (found) return found;
    const buffers = new Map([...this.#made, ...this.#source.buffers]);
    // A kernel that updates also advances the step counter. It gets its own counter; otherwise repeats would run past
    // the epoch.
    const updates = kernel.bindings.some(({ name }) => name === 'optimizerScalars');
    if (updates) buffers.set('counter', this.#made.get('counter')!);
    const program = await Program.create(this.#device, [kernel], buffers, this.#textures);
    const made = { program, isWarm: false };
    this.#programs.set(key, made);
    return made;
  }

  #fill(): void {
    const random = new Random(0, 0);
    const { queue } = this.#device.gpu;
    for (const [name, buffer] of this.#made) {
      if (name === 'counter') {
        // Set the counter as the first kernel of step 0 would leave it.
        queue.writeBuffer(buffer, 0, Uint32Array.of(0, 1));
        continue;
      }
      // Squares and means of squares must not be negative.
      const min = ['parameters', 'activations', 'deltas', 'gradients'].includes(name) ? -0.5 : 0;
      const values = Float32Array.from({ length: buffer.size / 4 }, () => random.uniform() + min);
      queue.writeBuffer(buffer, 0, values);
    }
  }
}

/** Returns samples of random bytes. Zeros would run faster than images on hardware that saves power on them. */
export function noise({ layers }: Pick<Network, 'layers'>, sampleCount: number): Dataset {
  const random = new Random(0, 0);
  const classCount = Math.min(256, layers.at(-1)!);
  return createDataset({
    name: 'noise',
    featureCount: layers[0]!,
    classCount,
    features: Uint8Array.from({ length: sampleCount * layers[0]! }, () => random.integer(256)),
    labels: Uint8Array.from({ length: sampleCount }, () => random.integer(classCount)),
  });
}
