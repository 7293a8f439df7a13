import { vec4s } from '../../shaders/wgsl.ts';
import type { Dataset } from '../data/dataset.ts';
import { fileOrder } from '../data/shuffle.ts';
import type { Network } from '../network/network.ts';
import { batchExtent, stepsPerEpoch } from '../engine/batches.ts';
import { TrainingCursor } from '../engine/cursor.ts';
import type { Evaluation } from '../engine/engine.ts';
import { DeviceLostError } from '../errors.ts';
import type { Device } from './device.ts';
import { unpackRows } from './layout.ts';
import { Pacer } from './pacer.ts';
import { choosePlan } from './plan/choose.ts';
import { stepOperations, type Plan } from './plan/plan.ts';
import { Program } from './program.ts';
import { clearMarkBytes, Readback, type Sums } from './readback.ts';
import { requireSteps, submitSteps } from './run.ts';
import { createSource, type BatchSource } from './source.ts';
import { evaluationBuffers, evaluationStep } from './step.ts';

/** Samples per evaluation step, independent of the mini-batch size of training. */
const evaluationBatch = 512;
/** Read-backs in flight at once. */
const readsInFlight = 3;

interface Parts {
  readonly device: Device;
  readonly dataset: Dataset;
  readonly plan: Plan;
  readonly outputSize: number;
  readonly source: BatchSource;
  readonly buffers: ReadonlyMap<string, GPUBuffer>;
  readonly program: Program;
  readonly readback: Readback;
  readonly pacer: Pacer;
}

/** Runs one dataset through the network with its current parameters on the GPU. */
export class Evaluator {
  readonly #parts: Parts;

  private constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** @param parameters buffers of the parameters by name, shared with the engine that trains them */
  static async create(
    device: Device,
    network: Network,
    parameters: ReadonlyMap<string, GPUBuffer>,
    dataset: Dataset,
    stream: boolean,
  ): Promise<Evaluator> {
    const plan = choosePlan(network, evaluationBatch, device.adapter);
    const sizes = evaluationBuffers(network, evaluationBatch);
    const source = await createSource(device, dataset, evaluationBatch, stream);
    let buffers: ReadonlyMap<string, GPUBuffer> | undefined;
    let program: Program | undefined;
    try {
      buffers = await device.createBuffers('the buffers of an evaluation', sizes);
      const all = new Map<string, GPUBuffer>([...parameters, ...source.buffers, ...buffers]);
      program = await Program.create(device, evaluationStep(network, plan), all);
      const size = (name: string) => sizes.get(name)!;
      const largest = Math.max(size('costs') + size('confusion'), size('outputs')) + 8;
      return new Evaluator({
        device,
        dataset,
        plan,
        outputSize: network.layers.at(-1)!,
        source,
        buffers,
        program,
        readback: await Readback.create(device, 'evaluation', largest, readsInFlight),
        pacer: new Pacer(
          device,
          plan.stepsPerSubmit,
          stepOperations(network.layers, evaluationBatch),
        ),
      });
    } catch (error) {
      program?.dispose();
      source.dispose();
      if (buffers) device.release(buffers.values());
      throw error;
    }
  }

  get dataset(): Dataset {
    return this.#parts.dataset;
  }

  async evaluate(): Promise<Evaluation> {
    const { device, dataset, plan, source, readback, outputSize } = this.#parts;
    const { sampleCount } = dataset;
    const costsBytes = this.#buffer('costs').size - clearMarkBytes;
    const confusionBytes = 4 * outputSize * outputSize;
    source.begin(fileOrder(sampleCount), new TrainingCursor());
    await submitSteps(device, this.#parts, stepsPerEpoch(sampleCount, plan.batchSize), {});
    const { bytes } = await readback.read(
      'an evaluation',
      [
        { buffer: this.#buffer('costs'), size: costsBytes },
        { buffer: this.#buffer('confusion'), size: confusionBytes },
        { buffer: source.buffers.get('counter')!, size: 4 },
      ],
      { clear: this.#sums },
    );
    const read = await bytes;
    const counted = new Uint32Array(read, costsBytes + confusionBytes, 1)[0]!;
    requireSteps('Evaluating', counted, source.counter);
    const cost = new Float32Array(read, 0, costsBytes / 4).reduce((sum, value) => sum + value, 0);
    const counts = new Uint32Array(read, costsBytes, outputSize * outputSize);
    requireSamples(
      counts.reduce((sum, count) => sum + count, 0),
      sampleCount,
    );
    const matrix = Array.from({ length: outputSize }, (_, label) => [
      ...counts.subarray(label * outputSize, (label + 1) * outputSize),
    ]);
    const correct = matrix.reduce((sum, row, label) => sum + row[label]!, 0);
    return {
      cost: cost / sampleCount,
      accuracy: correct / sampleCount,
      confusion: matrix,
    };
  }

  async predict(): Promise<Float32Array<ArrayBuffer>> {
    const { device, dataset, plan, source, readback, outputSize } = this.#parts;
    const { sampleCount } = dataset;
    const predictions = new Float32Array(sampleCount * outputSize);
    const steps = stepsPerEpoch(sampleCount, plan.batchSize);
    source.begin(fileOrder(sampleCount), new TrainingCursor());
    const reads: Promise<void>[] = [];
    for (let step = 0; step < steps; step++) {
      await submitSteps(device, this.#parts, 1, {});
      const { start, size } = batchExtent(step, sampleCount, plan.batchSize);
      const rowBytes = size * vec4s(outputSize) * 16;
      const submitted = source.counter;
      const { bytes } = await readback.read(
        'predictions',
        [
          { buffer: this.#buffer('outputs'), size: rowBytes },
          { buffer: source.buffers.get('counter')!, size: 4 },
        ],
        // Predicting scores, too.
        { clear: this.#sums },
      );
      const read = bytes.then((packed) => {
        requireSteps('Predicting', new Uint32Array(packed, rowBytes, 1)[0]!, submitted);
        const rows = new Float32Array(packed, 0, rowBytes / 4);
        predictions.set(unpackRows(rows, size, outputSize), start * outputSize);
      });
      // All reads are awaited below; an earlier failure must not count as unhandled.
      read.catch(() => undefined);
      reads.push(read);
    }
    await Promise.all(reads);
    return predictions;
  }

  dispose(): void {
    const { device, program, source, buffers, readback } = this.#parts;
    program.dispose();
    source.dispose();
    device.release(buffers.values());
    readback.dispose();
  }

  /** They are 0 whenever an evaluation or prediction begins. */
  get #sums(): readonly Sums[] {
    return [{ buffer: this.#buffer('costs') }, { buffer: this.#buffer('confusion') }];
  }

  #buffer(name: string): GPUBuffer {
    return this.#parts.buffers.get(name)!;
  }
}

/**
 * Compares the samples in a confusion matrix with those of the dataset. A failing device may drop commands without an
 * error.
 * @throws {DeviceLostError} when the counts differ
 */
function requireSamples(counted: number, sampleCount: number): void {
  if (counted === sampleCount) return;
  throw new DeviceLostError(
    'unknown',
    `Evaluating: the GPU counted ${counted} samples, but the dataset has ${sampleCount}. ` +
      'The results are discarded; request a new device.',
  );
}
