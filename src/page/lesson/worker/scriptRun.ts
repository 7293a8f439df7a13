/**
 * A script that is carried out: the network trains, changes are made on the way, and any step can be returned to. The
 * script decides every number: the same script computes the same bits with the same engine.
 */
import type { Dataset } from '../../../data/dataset.ts';
import type { Evaluation } from '../../../engine/engine.ts';
import { sgd } from '../../../engine/optimizers.ts';
import type { Device } from '../../../gpu/device.ts';
import type { Network } from '../../../network/network.ts';
import { presets } from '../../../network/presets.ts';
import { EpochOrders } from '../../../training/loop.ts';
import { Trainer } from '../../../training/trainer.ts';
import type { Frame } from '../frame.ts';
import type { Change, DatedChange, Script } from '../moment.ts';
import { changedNetwork, finish } from './changes.ts';
import type { DigitData, Selection } from './digitData.ts';
import { firstNetwork } from './firstNetwork.ts';
import { RunRecord, type Kept } from './runRecord.ts';

const { batchSize } = presets.lecture;

type RunDescription = Pick<
  Frame,
  | 'script'
  | 'step'
  | 'epoch'
  | 'trainingCount'
  | 'seconds'
  | 'samplesPerSecond'
  | 'backend'
  | 'plan'
>;

export class ScriptRun {
  #script: Script;
  #data: DigitData;
  #trainer!: Trainer;
  /** Present while the GPU computes. */
  #device: Device | undefined;
  /** Changes of the script that are made. */
  #changes = 0;
  /** The step of the run at which the current trainer began. */
  #segmentStart = 0;
  #epochStart = 0;
  /** Epochs completed. */
  #epochs = 0;
  /** Epochs completed before the current trainer began. */
  #segmentEpochs = 0;
  readonly #orders = new EpochOrders();
  #selection: Selection = { only: 'all', labels: 'true' };
  #rate: number;
  #record = new RunRecord();
  #seconds = 0;
  #samplesPerSecond = 0;
  #trainingCount = 0;
  #evaluated:
    | { readonly key: string; readonly trainer: Trainer; readonly evaluation: Evaluation }
    | undefined;

  private constructor(script: Script, data: DigitData) {
    this.#script = script;
    this.#data = data;
    this.#rate = script.rate;
  }

  static async start(script: Script, data: DigitData): Promise<ScriptRun> {
    const run = new ScriptRun(script, data);
    run.#trainer = await run.#createTrainer(run.firstNetwork());
    await run.keep();
    return run;
  }

  /** Steps made since the start of the run. */
  get step(): number {
    return this.#segmentStart + this.#trainer.step;
  }

  /** Steps made since the last change. */
  get stepsSinceChange(): number {
    return this.#trainer.step;
  }

  get script(): Script {
    return this.#script;
  }

  get data(): DigitData {
    return this.#data;
  }

  get trainer(): Trainer {
    return this.#trainer;
  }

  /** Number of changes made. */
  get changes(): number {
    return this.#changes;
  }

  get history(): RunRecord['history'] {
    return this.#record.history;
  }

  get device(): Device | undefined {
    return this.#device;
  }

  /** What a frame says about the run. */
  describe(): RunDescription {
    return {
      script: this.#script,
      step: this.step,
      epoch: this.#epochs,
      trainingCount: this.#trainingCount,
      seconds: this.#seconds,
      samplesPerSecond: this.#samplesPerSecond,
      backend: this.#device ? 'webgpu' : 'cpu',
      plan: this.#trainer.plan ?? '',
    };
  }

  /** The network at the start of the run. */
  firstNetwork(): Network {
    return firstNetwork(this.#script);
  }

  /** The training set of the current epoch, and its samples that the next step trains on. */
  async nextBatch(): Promise<{ readonly training: Dataset; readonly samples: Uint32Array }> {
    const training = await this.#training();
    const epoch = this.#epochs - this.#segmentEpochs;
    const order = this.#orders.of(this.#trainerSeed(), epoch, training.sampleCount);
    const from = (this.step - this.#epochStart) * batchSize;
    return { training, samples: order.slice(from, from + batchSize) };
  }

  /** The step at which the current epoch ends. */
  async epochEnd(): Promise<number> {
    const { sampleCount } = await this.#training();
    return this.#epochStart + Math.ceil(sampleCount / batchSize);
  }

  /** Trains to a step, and makes the script's changes on the way. */
  async trainTo(end: number): Promise<void> {
    for (;;) {
      const change = this.#script.changes[this.#changes];
      const until = change ? Math.min(end, change.step) : end;
      while (this.step < until) {
        const training = await this.#training();
        const epochEnd = await this.epochEnd();
        const steps = Math.min(until, epochEnd) - this.step;
        const began = performance.now();
        await finish(this.#trainer.fit(training, { steps, reportEvery: steps }));
        const seconds = (performance.now() - began) / 1000;
        this.#seconds += seconds;
        this.#samplesPerSecond = (steps * Math.min(batchSize, training.sampleCount)) / seconds;
        if (this.step === epochEnd) {
          this.#epochStart = epochEnd;
          this.#epochs++;
        }
      }
      if (!change || change.step > this.step) return;
      await this.#make(change);
    }
  }

  /** Goes to the last snapshot before a later step than this, from which the step has the bits that it had. */
  async returnTo(step: number): Promise<void> {
    await this.#return(this.#record.upTo(step));
  }

  /** Goes to the last snapshot; on the CPU engine if the GPU is lost. */
  async recover(isGpuLost: boolean): Promise<void> {
    if (isGpuLost) this.#device = undefined;
    await this.#return(this.#record.last);
  }

  /** Forgets what came after this step: training goes on from here. */
  forgetLater(): void {
    this.#script = {
      ...this.#script,
      changes: this.#script.changes.slice(0, this.#changes),
    };
    this.#record.forgetAfter(this.step);
  }

  async change(change: Change): Promise<void> {
    this.forgetLater();
    const dated: DatedChange = { ...change, step: this.step };
    this.#script = { ...this.#script, changes: [...this.#script.changes, dated] };
    await this.#make(dated);
  }

  /** Takes the last change back; does nothing if there is none. */
  async undo(): Promise<void> {
    const last = this.#script.changes[this.#changes - 1];
    if (!last) return;
    const kept = this.#record.beforeChange(this.#changes);
    await this.#return(kept);
    // Up to the change, but not the change itself.
    this.#script = { ...this.#script, changes: this.#script.changes.slice(0, kept.changes) };
    await this.trainTo(last.step);
    this.forgetLater();
    this.#record.forgetHistoryFrom(last.step);
  }

  /** Starts another script. */
  async restart(script: Script, data: DigitData): Promise<void> {
    this.#data = data;
    this.#script = script;
    this.#changes = 0;
    this.#record = new RunRecord();
    this.#seconds = 0;
    this.#settle();
    const network = this.firstNetwork();
    await this.#trainer.dispose();
    this.#trainer = await this.#createTrainer(network);
    this.#segmentStart = 0;
    this.#epochStart = 0;
    this.#epochs = 0;
    this.#segmentEpochs = 0;
    await this.keep();
  }

  /** Goes on from the same parameters on a GPU, or without one on the CPU engine. If that fails, nothing has changed. */
  async computeOn(device: Device | undefined): Promise<void> {
    const before = { device: this.#device, trainer: this.#trainer };
    const state = await this.#trainer.snapshot();
    try {
      this.#device = device;
      this.#trainer = await this.#createTrainer(this.firstNetwork());
      await this.#trainer.restore(state);
    } catch (error) {
      this.#device = before.device;
      this.#trainer = before.trainer;
      throw error;
    }
    await before.trainer.dispose();
  }

  /** Whether a GPU in hardware trains this network faster: a software adapter computes on the CPU and never does. */
  async isFasterOnGpu(): Promise<boolean> {
    const optimizer = sgd({ learningRate: this.#rate });
    const trial = await Trainer.create(this.firstNetwork(), { batchSize, optimizer });
    await trial.dispose();
    return trial.backend === 'webgpu';
  }

  /** Keeps a snapshot of this moment. */
  async keep(): Promise<void> {
    const { step } = this;
    const changes = this.#changes;
    if (!this.#record.lacks(step, changes)) return;
    const state = await this.#trainer.snapshot();
    this.#record.keep({
      ...{ step, changes, state, seconds: this.#seconds },
      ...{ epochStart: this.#epochStart, epochs: this.#epochs },
      segmentEpochs: this.#segmentEpochs,
    });
  }

  /** Adds this step to the history. @returns the evaluation of this step */
  async note(): Promise<Evaluation> {
    const { step } = this;
    const test = await this.#evaluation();
    this.#record.note({ step, accuracy: test.accuracy, cost: test.cost });
    return test;
  }

  async dispose(): Promise<void> {
    await this.#trainer.dispose();
    this.#device?.destroy();
    this.#data.dispose();
  }

  async #createTrainer(network: Network): Promise<Trainer> {
    return await Trainer.create(network, {
      batchSize,
      optimizer: sgd({ learningRate: this.#rate }),
      ...(this.#device
        ? { backend: 'webgpu', device: this.#device }
        : // One thread computes the same bits on every machine, and leaves the others to the page.
          { backend: 'cpu', threads: 0 }),
      seed: this.#trainerSeed(),
    });
  }

  #trainerSeed(): number {
    return (this.#script.seed + 7919 * this.#changes) % 2 ** 32;
  }

  async #training(): Promise<Dataset> {
    const training = await this.#data.training(this.#epochStart, this.#selection);
    this.#trainingCount = training.sampleCount;
    return training;
  }

  async #return({ changes, state, step, seconds, ...kept }: Kept): Promise<void> {
    this.#changes = changes;
    this.#settle();
    const network = this.firstNetwork();
    await this.#trainer.dispose();
    this.#trainer = await this.#createTrainer(network);
    await this.#trainer.restore(state);
    this.#segmentStart = step - this.#trainer.step;
    this.#epochStart = kept.epochStart;
    this.#epochs = kept.epochs;
    this.#segmentEpochs = kept.segmentEpochs;
    this.#seconds = seconds;
  }

  /** Rate and selection that follow from the changes made so far. */
  #settle(): void {
    this.#rate = this.#script.rate;
    this.#selection = { only: 'all', labels: 'true' };
    for (const change of this.#script.changes.slice(0, this.#changes)) this.#apply(change);
  }

  #apply(change: Change): void {
    if (change.kind === 'rate') this.#rate = change.rate;
    if (change.kind === 'only') this.#selection = { ...this.#selection, only: change.digit };
    if (change.kind === 'labels') this.#selection = { ...this.#selection, labels: change.labels };
  }

  /** Makes the next change of the script, and goes on with a new trainer. */
  async #make(change: DatedChange): Promise<void> {
    const network = await changedNetwork(change, await this.#trainer.network(), {
      data: this.#data,
      rate: this.#rate,
      seed: this.#script.seed,
    });
    this.#changes++;
    this.#apply(change);
    const segmentStart = this.step;
    await this.#trainer.dispose();
    this.#trainer = await this.#createTrainer(network);
    this.#segmentStart = segmentStart;
    this.#segmentEpochs = this.#epochs;
    this.#epochStart = segmentStart;
    await this.keep();
  }

  /** On the test samples; computed once for the same parameters. */
  async #evaluation(): Promise<Evaluation> {
    const key = `${this.step} ${this.#changes}`;
    if (this.#evaluated?.key !== key || this.#evaluated.trainer !== this.#trainer) {
      const evaluation = await this.#trainer.evaluate(this.#data.test);
      this.#evaluated = { key, trainer: this.#trainer, evaluation };
    }
    return this.#evaluated.evaluation;
  }
}
