/**
 * Three ways to walk downhill from one start: with all digits for each step, with mini-batches of 100, and with one
 * digit at a time. Afterwards, a map of the cost on a plane with the three paths.
 */
import { sliceDataset, type Dataset } from '../../../data/dataset.ts';
import { sgd } from '../../../engine/optimizers.ts';
import { nextTurn } from '../../../engine/timeSlice.ts';
import { NonFiniteError } from '../../../errors.ts';
import type { Network } from '../../../network/network.ts';
import { Trainer } from '../../../training/trainer.ts';
import type { Task, TaskFunctions } from '../../worker/messages.ts';
import type { Script } from '../moment.ts';
import { finish } from './changes.ts';
import type { Course } from './course.ts';
import { firstNetwork } from './firstNetwork.ts';
import { distance, placeOn, planeThrough, pointAt, type PlacedPoint, type Plane } from './plane.ts';

export interface DescentTasks {
  /**
   * Goes on with the walks, then with the map, for a short time. The same walks go on until the run has another start.
   */
  descent: Task<Record<string, never>, never, DescentProgress>;
}

export type WalkKind = 'full' | 'mini' | 'single';

export interface WalkPoint {
  readonly step: number;
  /** On the digits of the map. */
  readonly cost: number;
  /** On the map, when all walks are over. */
  readonly place?: PlacedPoint;
}

export interface WalkProgress {
  readonly kind: WalkKind;
  /** Samples per step. */
  readonly batchSize: number;
  readonly rate: number;
  /** Steps that the walk will have. */
  readonly steps: number;
  readonly points: readonly WalkPoint[];
  /** The median on this machine, in one thread. */
  readonly secondsPerStep: number;
  /** Length of the path of the first steps, divided by the distance they led away from the start. */
  readonly detour: number | undefined;
  /** Whether a number became infinite, so that the walk ended early. */
  readonly isLost: boolean;
}

export interface CostMap {
  readonly columns: number;
  readonly rows: number;
  /** What the map covers, in distances from the start. */
  readonly from: { readonly x: number; readonly y: number };
  readonly to: { readonly x: number; readonly y: number };
  /** [rows, columns], at the corners of a grid that covers the map; NaN where it is not computed yet. */
  readonly costs: Float64Array;
}

export interface DescentProgress {
  /** Names the start: another one has other walks. */
  readonly start: string;
  readonly sampleCount: number;
  /** Digits that the costs are measured on. */
  readonly costCount: number;
  /** Steps that `detour` is about. */
  readonly firstSteps: number;
  readonly walks: readonly WalkProgress[];
  readonly map: CostMap | undefined;
  readonly isDone: boolean;
}

/** All training digits of the walks: a step on all of the 60,000 would take a reader's patience. */
export const walkSamples = 2_000;
export const costSamples = 500;
/** Steps that are measured one by one. */
export const firstSteps = 100;
/** About equally long on most machines. */
const walks = [
  { kind: 'full', batchSize: walkSamples, steps: 200, sliceSteps: 1 },
  { kind: 'mini', batchSize: 100, steps: 2_400, sliceSteps: 25 },
  { kind: 'single', batchSize: 1, steps: 20_000, sliceSteps: 150 },
] as const;
/** One example's nudge differs much from the average, so its steps must be smaller to arrive at all. */
const singleDivisor = 20;
export const mapColumns = 28;
export const mapRows = 18;
/** Height of the map, by its width. */
const mapRatio = (mapRows - 1) / (mapColumns - 1);
/** Time for one call, after which the page shows how far it is. */
const callMs = 60;

export const descentTasks = (course: () => Promise<Course>): TaskFunctions<DescentTasks> => {
  let kept: Descent | undefined;
  return {
    descent: async (_, { signal }) => {
      const opened = await course();
      const start = startName(opened.script);
      if (kept?.start !== start) {
        await kept?.dispose();
        kept = new Descent(opened.script, await opened.data.drawn(walkSamples));
      }
      const descent = kept;
      const began = performance.now();
      while (!descent.isDone && performance.now() - began < callMs && !signal.aborted) {
        // In turn, so that the run's training does not compute at the same time, which would falsify both clocks.
        await opened.inTurn(() => descent.advance());
        await nextTurn();
      }
      return descent.progress();
    },
  };
};

const startName = ({ data, seed, activation, rate }: Script): string =>
  `${data} ${seed} ${activation} ${rate}`;

/** The first steps one by one, later ones further and further apart. */
const nextRecord = (step: number): number =>
  step < firstSteps ? step + 1 : Math.ceil(step * 1.05);

/** The walks and their map. It computes in slices of about ten milliseconds. */
export class Descent {
  readonly start: string;
  readonly #network: Network;
  readonly #training: Dataset;
  readonly #measured: Dataset;
  readonly #walks: readonly Walk[];
  readonly #work: AsyncGenerator<void, void, void>;
  #map: CostMap | undefined;
  #isDone = false;

  constructor(script: Script, training: Dataset) {
    this.start = startName(script);
    this.#network = firstNetwork(script);
    this.#training = training;
    this.#measured = sliceDataset(training, 0, costSamples);
    this.#walks = walks.map((walk) => {
      const rate = walk.kind === 'single' ? script.rate / singleDivisor : script.rate;
      return new Walk({ ...walk, rate }, this.#network);
    });
    this.#work = this.#compute();
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  /** Computes for about ten milliseconds. */
  async advance(): Promise<void> {
    if ((await this.#work.next()).done === true) this.#isDone = true;
  }

  progress(): DescentProgress {
    return {
      start: this.start,
      sampleCount: this.#training.sampleCount,
      costCount: this.#measured.sampleCount,
      firstSteps,
      walks: this.#walks.map((walk) => walk.progress()),
      map: this.#map,
      isDone: this.#isDone,
    };
  }

  async dispose(): Promise<void> {
    await this.#work.return();
    for (const walk of this.#walks) await walk.dispose();
  }

  async *#compute(): AsyncGenerator<void, void, void> {
    for (const walk of this.#walks) {
      await walk.begin(this.#training, this.#measured);
      yield;
    }
    while (this.#walks.some((walk) => !walk.isOver)) {
      for (const walk of this.#walks) {
        if (walk.isOver) continue;
        await walk.advance(this.#training, this.#measured);
        yield;
      }
    }
    const [full, mini] = this.#walks;
    // Through the start and the ends of the walks with many digits for each step.
    const plane = planeThrough(this.#network.parameters, mini!.end, full!.end);
    for (const walk of this.#walks) yield* walk.placeOn(plane);
    for (const walk of this.#walks) await walk.dispose();
    yield* this.#measure(plane);
  }

  async *#measure(plane: Plane): AsyncGenerator<void, void, void> {
    const costs = new Float64Array(mapColumns * mapRows).fill(NaN);
    const { from, to } = extent(this.#walks.flatMap((walk) => walk.places));
    this.#map = { columns: mapColumns, rows: mapRows, from, to, costs };
    const trainer = await createTrainer(this.#network, 1, 1);
    try {
      const snapshot = await trainer.snapshot();
      for (let n = 0; n < costs.length; n++) {
        const x = from.x + ((to.x - from.x) * (n % mapColumns)) / (mapColumns - 1);
        const y = from.y + ((to.y - from.y) * Math.floor(n / mapColumns)) / (mapRows - 1);
        await trainer.restore({ ...snapshot, parameters: pointAt(plane, x, y) });
        costs[n] = await costOf(trainer, this.#measured);
        if (n % 4 === 3) yield;
      }
    } finally {
      await trainer.dispose();
    }
  }
}

interface WalkOptions {
  readonly kind: WalkKind;
  readonly batchSize: number;
  readonly rate: number;
  readonly steps: number;
  /** Steps of one slice of time. */
  readonly sliceSteps: number;
}

class Walk {
  readonly #options: WalkOptions;
  readonly #start: Float32Array;
  readonly #network: Network;
  #trainer: Trainer | undefined;
  readonly #points: { readonly step: number; readonly cost: number; place?: PlacedPoint }[] = [];
  /** Parameters of each point, until they are on the plane. */
  #path: Float32Array[] = [];
  readonly #secondsPerStep: number[] = [];
  /** Length of the path of the first steps. */
  #length = 0;
  #detour: number | undefined;
  #isLost = false;

  constructor(options: WalkOptions, network: Network) {
    this.#options = options;
    this.#network = network;
    this.#start = network.parameters;
  }

  get isOver(): boolean {
    return this.#isLost || this.#trainer!.step >= this.#options.steps;
  }

  get end(): Float32Array {
    return this.#path.at(-1)!;
  }

  get places(): readonly PlacedPoint[] {
    return this.#points.flatMap(({ place }) => place ?? []);
  }

  progress(): WalkProgress {
    const { kind, batchSize, rate, steps } = this.#options;
    const times = this.#secondsPerStep.toSorted((a, b) => a - b);
    return {
      ...{ kind, batchSize, rate, steps },
      points: this.#points,
      secondsPerStep: times[times.length >> 1] ?? 0,
      detour: this.#detour,
      isLost: this.#isLost,
    };
  }

  async begin(training: Dataset, measured: Dataset): Promise<void> {
    const { batchSize, rate } = this.#options;
    this.#trainer = await createTrainer(this.#network, batchSize, rate);
    await this.#trainer.prepare(training);
    await this.#record(measured);
  }

  /** Makes the steps of one slice, at most to the next point. */
  async advance(training: Dataset, measured: Dataset): Promise<void> {
    const { steps: all, sliceSteps } = this.#options;
    const trainer = this.#trainer!;
    const next = Math.min(all, nextRecord(this.#points.at(-1)!.step));
    const steps = Math.min(next - trainer.step, sliceSteps);
    try {
      const began = performance.now();
      await finish(trainer.fit(training, { steps, reportEvery: steps }));
      this.#secondsPerStep.push((performance.now() - began) / 1000 / steps);
      if (trainer.step === next) await this.#record(measured);
    } catch (error) {
      if (!(error instanceof NonFiniteError)) throw error;
      this.#isLost = true;
    }
  }

  /** Puts the path onto a plane, a few points at a time. */
  *placeOn(plane: Plane): Generator<void, void, void> {
    for (const [n, parameters] of this.#path.entries()) {
      this.#points[n]!.place = placeOn(plane, parameters);
      if (n % 40 === 39) yield;
    }
    this.#path = [];
  }

  async dispose(): Promise<void> {
    await this.#trainer?.dispose();
  }

  async #record(measured: Dataset): Promise<void> {
    const trainer = this.#trainer!;
    const { step } = trainer;
    const { parameters } = await trainer.network();
    const { cost } = await trainer.evaluate(measured);
    if (step > 0 && step <= firstSteps) {
      this.#length += distance(parameters, this.#path.at(-1)!);
      if (step === firstSteps) this.#detour = this.#length / distance(parameters, this.#start);
    }
    this.#points.push({ step, cost });
    this.#path.push(parameters);
  }
}

/** NaN if it is too large for float32, as it may be far from all paths. */
async function costOf(trainer: Trainer, measured: Dataset): Promise<number> {
  try {
    return (await trainer.evaluate(measured)).cost;
  } catch (error) {
    if (error instanceof NonFiniteError) return NaN;
    throw error;
  }
}

async function createTrainer(network: Network, batchSize: number, rate: number): Promise<Trainer> {
  const optimizer = sgd({ learningRate: rate });
  return await Trainer.create(network, { batchSize, optimizer, backend: 'cpu', threads: 0 });
}

/** The rectangle of the map: around all points, with room, and as wide as high by the map's ratio. */
export function extent(points: readonly { readonly x: number; readonly y: number }[]): {
  readonly from: { readonly x: number; readonly y: number };
  readonly to: { readonly x: number; readonly y: number };
} {
  const [xs, ys] = [points.map(({ x }) => x), points.map(({ y }) => y)];
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const room = 1.25;
  const width = Math.max(right - left, (high - low) / mapRatio, 1e-6) * room;
  const [x, y] = [(left + right) / 2, (low + high) / 2];
  return {
    from: { x: x - width / 2, y: y - (width * mapRatio) / 2 },
    to: { x: x + width / 2, y: y + (width * mapRatio) / 2 },
  };
}
