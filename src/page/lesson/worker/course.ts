/**
 * The lesson's run: one network that trains, can be looked at in every moment, go back to any step and be changed. The
 * script decides every number: the same script computes the same bits with the same engine.
 */
import { createDataset, type Dataset } from '../../../data/dataset.ts';
import type { Evaluation } from '../../../engine/engine.ts';
import { sgd } from '../../../engine/optimizers.ts';
import { DeviceLostError, NonFiniteError } from '../../../errors.ts';
import type { Device } from '../../../gpu/device.ts';
import type { Network } from '../../../network/network.ts';
import { presets } from '../../../network/presets.ts';
import { EpochOrders } from '../../../training/loop.ts';
import { Trainer } from '../../../training/trainer.ts';
import { checkExplanation } from '../../../benchmark/verification/explanation.ts';
import { maxStep, type Change, type DatedChange, type Example, type Script } from '../moment.ts';
import type { Command, Frame, HistoryPoint } from '../frame.ts';
import { changedNetwork, finish } from './changes.ts';
import { DigitData, firstCount, type Selection } from './digitData.ts';
import { firstNetwork } from './firstNetwork.ts';
import { paces, restMs, type Pace, type PaceName } from './pace.ts';
import { RunRecord, type Kept } from './runRecord.ts';

const { batchSize } = presets.lecture;
const featureCount = 784;
/** As many training samples as MNIST has. */
const maxTraining = 60_000;
/** A moment of so many steps takes seconds to compute, so the reader is told. */
const manySteps = 2000;

/** Steps until the next frame: few at first, when each shows something new. */
const stepsPerFrame = (step: number, { frameSteps }: Pace): number =>
  Math.min(frameSteps, 1 + Math.floor(step / 6));

interface OpenedMoment {
  readonly script: Script;
  /** Where to go and pause; undefined begins to train. */
  readonly step?: number;
  readonly example?: Example;
  readonly pace?: PaceName;
}

export class Course {
  readonly #emit: (frame: Frame) => void;
  readonly #emitHistory: (history: readonly HistoryPoint[]) => void;
  readonly #pace: Pace;
  #script: Script;
  #data: DigitData;
  #trainer!: Trainer;
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
  #example: Example = { kind: 'test', index: 0 };
  #record = new RunRecord();
  #isPlaying = false;
  /** Times that it began to play: only the last one goes on. */
  #plays = 0;
  #seconds = 0;
  #samplesPerSecond = 0;
  #trainingCount = 0;
  /** Present while the GPU computes. */
  #device: Device | undefined;
  /** Whether the last command began a new run. */
  #isNew = false;
  /** A sentence for the reader, about the last command or step. */
  #notice: string | undefined;
  /** The reader's MNIST files, if they are used. */
  #files: readonly File[] | undefined;
  /** The moment of a link that waits for the reader's MNIST files. */
  #awaited: OpenedMoment | undefined;
  #evaluated:
    | { readonly key: string; readonly trainer: Trainer; readonly evaluation: Evaluation }
    | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #fail!: (error: unknown) => void;
  /** Never resolves; rejects when playing fails for good. */
  readonly failed = new Promise<never>((_, reject) => {
    this.#fail = reject;
  });

  private constructor(
    script: Script,
    emit: (frame: Frame) => void,
    emitHistory: (history: readonly HistoryPoint[]) => void,
    pace: Pace,
  ) {
    this.#script = script;
    this.#pace = pace;
    this.#rate = script.rate;
    this.#emit = emit;
    this.#emitHistory = emitHistory;
    this.#data = DigitData.draw(script.seed, pace, () => this.#isPlaying);
    if (script.data === 'mnist') {
      this.#notice =
        'This moment was made with MNIST. Choose its four files under “Training data” to see it.';
      this.#script = { ...script, data: 'digits' };
    }
  }

  static async open(
    moment: OpenedMoment,
    emit: (frame: Frame) => void,
    emitHistory: (history: readonly HistoryPoint[]) => void,
  ): Promise<Course> {
    const { script, step, example, pace = 'full' } = moment;
    const course = new Course(script, emit, emitHistory, paces[pace]);
    if (script.data === 'mnist') course.#awaited = moment;
    // The lecture's example is a 2.
    const firstTwo = course.#data.test.labels.indexOf(2);
    course.#example = example ?? { kind: 'test', index: Math.max(0, firstTwo) };
    await course.#begin(course.firstNetwork());
    const notice = course.#notice;
    if (step !== undefined && step >= manySteps) {
      course.#notice = `Computing the ${step.toLocaleString('en')} steps to this moment.`;
    }
    await course.#show();
    if (step === undefined) void course.command({ do: 'play' });
    else await course.command({ do: 'go', step });
    if (notice !== undefined) {
      // It is about the moment, not about the way to it.
      course.#notice = notice;
      await course.#show();
    }
    return course;
  }

  /** Steps made since the start of the run. */
  get step(): number {
    return this.#segmentStart + this.#trainer.step;
  }

  get data(): DigitData {
    return this.#data;
  }

  get trainer(): Trainer {
    return this.#trainer;
  }

  get script(): Script {
    return this.#script;
  }

  /** The chosen example, with its pixels and its label. */
  get example(): Frame['example'] {
    const example = this.#example;
    if (example.kind === 'drawn') return example;
    const { features, labels, sampleCount } = this.#data.test;
    // A link may name a sample that this data does not have.
    const index = example.index % sampleCount;
    const pixels = features.slice(index * featureCount, (index + 1) * featureCount);
    return { kind: 'test', index, pixels, label: labels[index]! };
  }

  /** Runs `work` between two commands or parts of the training, so that it sees one moment. */
  async inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const turn = this.#queue.then(work);
    this.#queue = turn.catch(() => undefined);
    return await turn;
  }

  /** The training set of the current epoch, and its samples that the next step trains on. Call it in turn. */
  async nextBatch(): Promise<{ readonly training: Dataset; readonly samples: Uint32Array }> {
    const training = await this.#training();
    const epoch = this.#epochs - this.#segmentEpochs;
    const order = this.#orders.of(this.#trainerSeed(), epoch, training.sampleCount);
    const from = (this.step - this.#epochStart) * batchSize;
    return { training, samples: order.slice(from, from + batchSize) };
  }

  async command(command: Command): Promise<void> {
    if (command.do === 'play') {
      if (this.#isPlaying) return;
      this.#isPlaying = true;
      this.#play().catch(this.#fail);
      return;
    }
    // Choosing an example does not stop the training.
    if (command.do !== 'choose') this.#isPlaying = false;
    await this.inTurn(async () => {
      this.#notice = undefined;
      this.#isNew = false;
      await this.#guarded(() => this.#obey(command));
    });
    // A new run is there to be watched.
    if (this.#isNew) await this.command({ do: 'play' });
  }

  async dispose(): Promise<void> {
    this.#isPlaying = false;
    await this.inTurn(() => this.#trainer.dispose());
    this.#device?.destroy();
    this.#data.dispose();
  }

  /** The network as it is now. */
  async network(): Promise<Network> {
    return await this.#trainer.network();
  }

  async #obey(command: Exclude<Command, { do: 'play' }>): Promise<void> {
    switch (command.do) {
      case 'pause':
        break;
      case 'choose':
        this.#example = command.example;
        break;
      case 'advance':
        this.#forget();
        await this.#trainTo(
          Math.min(
            maxStep,
            command.steps === 'epoch' ? await this.#epochEnd() : this.step + command.steps,
          ),
        );
        await this.#keep();
        if (this.step === maxStep) this.#pauseAt(maxStep);
        break;
      case 'one':
        // Another sample each time, of those that are drawn from the start.
        await this.#change({ kind: 'one', sample: (this.step + 37 * this.#changes) % firstCount });
        break;
      case 'go':
        await this.#go(command.step);
        break;
      case 'change':
        await this.#change(command.change);
        break;
      case 'undo':
        await this.#undo();
        break;
      case 'useFiles':
        await this.#useFiles(command.files);
        break;
      case 'compute':
        await this.#computeOn(command.on);
        break;
      case 'restart':
        await this.#restart(command.script);
        break;
    }
  }

  /**
   * Works, and shows the moment after it. If the numbers overflow or the GPU is lost, it goes back to the last snapshot,
   * pauses and says so.
   */
  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      await this.#show();
    } catch (error) {
      const isLost = error instanceof DeviceLostError;
      if (!isLost && !(error instanceof NonFiniteError)) throw error;
      if (isLost) this.#device = undefined;
      this.#isPlaying = false;
      const where = isLost ? ', and goes on with the CPU engine' : '';
      this.#notice = `${error.message} The lesson went back to its last step before that${where}.`;
      await this.#return(this.#record.last);
      await this.#show();
    }
  }

  async #play(): Promise<void> {
    const play = ++this.#plays;
    await this.inTurn(() => {
      this.#forget();
      return Promise.resolve();
    });
    const { frameMs, playedSteps } = this.#pace;
    const pauseAt = Math.min(maxStep, this.step + playedSteps);
    while (this.#isPlaying && play === this.#plays) {
      const began = performance.now();
      await this.inTurn(async () => {
        if (!this.#isPlaying) return;
        await this.#guarded(async () => {
          // Slowly again after a change, as its effects may be over soon.
          const next = this.step + stepsPerFrame(this.#trainer.step, this.#pace);
          await this.#trainTo(Math.min(next, pauseAt));
          await this.#keep();
          if (this.step >= pauseAt) this.#pauseAt(pauseAt);
        });
      });
      const took = performance.now() - began;
      const left = Math.max(frameMs - took, restMs(took, this.#pace));
      await new Promise((resolve) => setTimeout(resolve, left));
    }
  }

  #pauseAt(step: number): void {
    this.#isPlaying = false;
    const at = step.toLocaleString('en');
    this.#notice =
      step < maxStep
        ? `Paused at step ${at}, so that your processor rests. Play goes on.`
        : `The lesson ends at step ${at}. Go back, or start again.`;
  }

  /** Forgets what came after this step: training goes on from here. */
  #forget(): void {
    this.#script = {
      ...this.#script,
      changes: this.#script.changes.slice(0, this.#changes),
    };
    this.#record.forgetAfter(this.step);
  }

  /** The network at the start of the run. */
  firstNetwork(): Network {
    return firstNetwork(this.#script);
  }

  /** Trains with a new trainer from here on, because a change begins. */
  async #begin(network: Network): Promise<void> {
    const segmentStart = (this.#trainer as Trainer | undefined) ? this.step : 0;
    await (this.#trainer as Trainer | undefined)?.dispose();
    this.#trainer = await this.#createTrainer(network);
    this.#segmentStart = segmentStart;
    this.#segmentEpochs = this.#epochs;
    this.#epochStart = segmentStart;
    await this.#keep();
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

  async #epochEnd(): Promise<number> {
    const { sampleCount } = await this.#training();
    return this.#epochStart + Math.ceil(sampleCount / batchSize);
  }

  /** Trains to a step, and makes the script's changes on the way. */
  async #trainTo(end: number): Promise<void> {
    for (;;) {
      const change = this.#script.changes[this.#changes];
      const until = change ? Math.min(end, change.step) : end;
      while (this.step < until) {
        const training = await this.#training();
        const epochEnd = await this.#epochEnd();
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

  /** Goes to a step: from the last snapshot before it, with the bits that it had. */
  async #go(step: number): Promise<void> {
    if (step < this.step) {
      await this.#return(this.#record.upTo(step));
    }
    while (this.step < step) {
      await this.#trainTo(Math.min(step, this.step + stepsPerFrame(this.step, this.#pace)));
      await this.#keep();
      await this.#note();
    }
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

  async #change(change: Change): Promise<void> {
    this.#forget();
    const dated: DatedChange = { ...change, step: this.step };
    this.#script = { ...this.#script, changes: [...this.#script.changes, dated] };
    await this.#make(dated);
  }

  async #undo(): Promise<void> {
    const last = this.#script.changes[this.#changes - 1];
    if (!last) return;
    const kept = this.#record.beforeChange(this.#changes);
    await this.#return(kept);
    // Up to the change, but not the change itself.
    this.#script = { ...this.#script, changes: this.#script.changes.slice(0, kept.changes) };
    await this.#trainTo(last.step);
    this.#forget();
    this.#record.forgetHistoryFrom(last.step);
  }

  async #restart(script: Script): Promise<void> {
    this.#isNew = true;
    if (script.data === 'digits' && (script.seed !== this.#script.seed || this.#files)) {
      this.#data.dispose();
      this.#data = DigitData.draw(script.seed, this.#pace, () => this.#isPlaying);
      this.#files = undefined;
    }
    this.#awaited = undefined;
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
    await this.#keep();
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

  /** Makes the next change of the script. */
  async #make(change: DatedChange): Promise<void> {
    const network = await changedNetwork(change, await this.#trainer.network(), {
      data: this.#data,
      rate: this.#rate,
      seed: this.#script.seed,
    });
    this.#changes++;
    this.#apply(change);
    await this.#begin(network);
  }

  /** Starts again with the reader's MNIST files, at the moment that waits for them; or says why that cannot be. */
  async #useFiles(files: readonly File[]): Promise<void> {
    const { readFiles } = await import('../../pageData.ts');
    let data: Awaited<ReturnType<typeof readFiles>>;
    try {
      data = await readFiles(files, maxTraining);
    } catch (error) {
      this.#notice = (error as Error).message;
      return;
    }
    this.#data.dispose();
    this.#data = DigitData.of(this.#script.seed, data.training, data.test);
    this.#files = files;
    const { script, step, example } = this.#awaited ?? {};
    if (example) {
      this.#example = example;
    } else if (this.#example.kind === 'test') {
      this.#example = { kind: 'test', index: Math.max(0, data.test.labels.indexOf(2)) };
    }
    await this.#restart(script ?? { ...this.#script, data: 'mnist', changes: [] });
    if (step === undefined) return;
    this.#isNew = false;
    await this.#go(step);
  }

  /** Goes on with another engine from the same parameters. */
  async #computeOn(engine: 'cpu' | 'webgpu'): Promise<void> {
    const before = this.#device;
    if ((before ? 'webgpu' : 'cpu') === engine) return;
    const state = await this.#trainer.snapshot();
    const old = this.#trainer;
    try {
      if (engine === 'webgpu') {
        const { Device } = await import('../../../gpu/device.ts');
        // A worker cannot see whether its page is hidden. The page pauses the run itself.
        this.#device = await Device.request({ isVisible: () => true });
      } else {
        this.#device = undefined;
      }
      this.#trainer = await this.#createTrainer(this.firstNetwork());
      await this.#trainer.restore(state);
    } catch (error) {
      this.#device?.destroy();
      this.#device = before;
      this.#trainer = old;
      this.#notice = (error as Error).message;
      return;
    }
    await old.dispose();
    before?.destroy();
  }

  /**
   * Moves to the GPU if this machine has one that trains this network faster. A software adapter computes on the CPU
   * and is never faster.
   */
  async moveToFasterEngine(): Promise<void> {
    const trial = await Trainer.create(this.firstNetwork(), {
      batchSize,
      optimizer: sgd({ learningRate: this.#rate }),
    });
    const { backend } = trial;
    await trial.dispose();
    if (backend !== 'webgpu') return;
    await this.inTurn(() => this.#computeOn(backend));
  }

  async #keep(): Promise<void> {
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

  /** On the test samples; computed once for the same parameters. */
  async #evaluation(): Promise<Evaluation> {
    const key = `${this.step} ${this.#changes}`;
    if (this.#evaluated?.key !== key || this.#evaluated.trainer !== this.#trainer) {
      const evaluation = await this.#trainer.evaluate(this.#data.test);
      this.#evaluated = { key, trainer: this.#trainer, evaluation };
    }
    return this.#evaluated.evaluation;
  }

  /** Adds this step to the history. @returns the evaluation of this step */
  async #note(): Promise<Evaluation> {
    const { step } = this;
    const test = await this.#evaluation();
    this.#record.note({ step, accuracy: test.accuracy, cost: test.cost });
    return test;
  }

  async #show(): Promise<void> {
    const trainer = this.#trainer;
    const { pixels, label } = this.example;
    const sample = createDataset({
      ...{ name: 'the example', featureCount, classCount: 10 },
      features: pixels,
      labels: [label],
    });
    const test = await this.#note();
    const nudges = await trainer.explain(sample, 0);
    const { step } = this;
    this.#emitHistory(this.#record.history);
    this.#emit({
      script: this.#script,
      step,
      epoch: this.#epochs,
      trainingCount: this.#trainingCount,
      isPlaying: this.#isPlaying,
      seconds: this.#seconds,
      samplesPerSecond: this.#samplesPerSecond,
      backend: this.#device ? 'webgpu' : 'cpu',
      plan: trainer.plan ?? '',
      ...(this.#notice !== undefined && { notice: this.#notice }),
      test: { count: this.#data.test.sampleCount, ...test },
      example: this.example,
      nudges,
      error: checkExplanation(this.firstNetwork(), nudges),
    });
  }
}
