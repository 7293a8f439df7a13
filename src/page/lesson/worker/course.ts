/** The lesson's run as the reader drives it: commands, play and pause, and the moment that is shown after each of them. */
import { createDataset, type Dataset } from '../../../data/dataset.ts';
import { DeviceLostError, NonFiniteError } from '../../../errors.ts';
import type { Device } from '../../../gpu/device.ts';
import type { Network } from '../../../network/network.ts';
import type { Trainer } from '../../../training/trainer.ts';
import { checkExplanation } from '../../../benchmark/verification/explanation.ts';
import { maxStep, type Example, type Script } from '../moment.ts';
import type { Command, Frame, HistoryPoint } from '../frame.ts';
import { DigitData, firstCount } from './digitData.ts';
import { paces, restMs, type Pace, type PaceName } from './pace.ts';
import { ScriptRun } from './scriptRun.ts';

const featureCount = 784;
/** As many training samples as MNIST has. */
const maxTraining = 60_000;
/** A moment of so many steps takes seconds to compute, so the reader is told. */
const manySteps = 2000;

/** Steps until the next frame: few at first, when each shows something new. */
const stepsPerFrame = (step: number, { frameSteps }: Pace): number =>
  Math.min(frameSteps, 1 + Math.floor(step / 6));

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

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
  #run!: ScriptRun;
  #example: Example = { kind: 'test', index: 0 };
  #isPlaying = false;
  /** Times that it began to play: only the last one goes on. */
  #plays = 0;
  /** Whether the last command began a new run. */
  #isNew = false;
  /** A sentence for the reader, about the last command or step. */
  #notice: string | undefined;
  /** The reader's MNIST files, if they are used. */
  #files: readonly File[] | undefined;
  /** The moment of a link that waits for the reader's MNIST files. */
  #awaited: OpenedMoment | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #fail!: (error: unknown) => void;
  /** Never resolves; rejects when playing fails for good. */
  readonly failed = new Promise<never>((_, reject) => {
    this.#fail = reject;
  });

  private constructor(
    emit: (frame: Frame) => void,
    emitHistory: (history: readonly HistoryPoint[]) => void,
    pace: Pace,
  ) {
    this.#pace = pace;
    this.#emit = emit;
    this.#emitHistory = emitHistory;
  }

  static async open(
    moment: OpenedMoment,
    emit: (frame: Frame) => void,
    emitHistory: (history: readonly HistoryPoint[]) => void,
  ): Promise<Course> {
    const { script, step, example, pace = 'full' } = moment;
    const course = new Course(emit, emitHistory, paces[pace]);
    let notice: string | undefined;
    if (script.data === 'mnist') {
      course.#awaited = moment;
      notice =
        'This moment was made with MNIST. Choose its four files under “Training data” to see it.';
    }
    course.#run = await ScriptRun.start({ ...script, data: 'digits' }, course.#draw(script.seed));
    // The lecture's example is a 2.
    course.#example = example ?? course.#firstTwo();
    course.#notice =
      step !== undefined && step >= manySteps
        ? `Computing the ${step.toLocaleString('en')} steps to this moment.`
        : notice;
    course.#isPlaying = step === undefined;
    await course.#show();
    if (step === undefined) course.#play(course.#pace.frameMs).catch(course.#fail);
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
    return this.#run.step;
  }

  get data(): DigitData {
    return this.#run.data;
  }

  get trainer(): Trainer {
    return this.#run.trainer;
  }

  get script(): Script {
    return this.#run.script;
  }

  /** The chosen example, with its pixels and its label. */
  get example(): Frame['example'] {
    const example = this.#example;
    if (example.kind === 'drawn') return example;
    const { features, labels, sampleCount } = this.#run.data.test;
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
    return await this.#run.nextBatch();
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
    await this.inTurn(() => this.#run.dispose());
  }

  /** The network as it is now. */
  async network(): Promise<Network> {
    return await this.#run.trainer.network();
  }

  async #obey(command: Exclude<Command, { do: 'play' }>): Promise<void> {
    switch (command.do) {
      case 'pause':
        break;
      case 'choose':
        this.#example = command.example;
        break;
      case 'advance':
        this.#run.forgetLater();
        await this.#run.trainTo(
          Math.min(
            maxStep,
            command.steps === 'epoch' ? await this.#run.epochEnd() : this.step + command.steps,
          ),
        );
        await this.#run.keep();
        if (this.step === maxStep) this.#pauseAt(maxStep);
        break;
      case 'one':
        // Another sample each time, of those that are drawn from the start.
        await this.#run.change({
          kind: 'one',
          sample: (this.step + 37 * this.#run.changes) % firstCount,
        });
        break;
      case 'go':
        await this.#go(command.step);
        break;
      case 'change':
        await this.#run.change(command.change);
        break;
      case 'undo':
        await this.#run.undo();
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
   * Works, and shows the moment after it. If the numbers overflow, or the GPU is lost and none comes back, it goes back to
   * the last snapshot, pauses and says so.
   */
  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      await this.#show();
    } catch (error) {
      const isLost = error instanceof DeviceLostError;
      if (!isLost && !(error instanceof NonFiniteError)) throw error;
      this.#isPlaying = false;
      const where = isLost ? ', and goes on with the CPU engine' : '';
      this.#notice = `${error.message} The lesson went back to its last step before that${where}.`;
      await this.#run.recover(isLost);
      await this.#show();
    }
  }

  /** @param waitMs time before the first step, in which the page can draw what it has */
  async #play(waitMs = 0): Promise<void> {
    const play = ++this.#plays;
    await pause(waitMs);
    await this.inTurn(() => {
      this.#run.forgetLater();
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
          const next = this.step + stepsPerFrame(this.#run.stepsSinceChange, this.#pace);
          await this.#run.trainTo(Math.min(next, pauseAt));
          await this.#run.keep();
          if (this.step >= pauseAt) this.#pauseAt(pauseAt);
        });
      });
      const took = performance.now() - began;
      const left = Math.max(frameMs - took, restMs(took, this.#pace));
      await pause(left);
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

  /** The network at the start of the run. */
  firstNetwork(): Network {
    return this.#run.firstNetwork();
  }

  /** Begins to draw digits. */
  #draw(seed: number): DigitData {
    return DigitData.draw(seed, this.#pace, () => this.#isPlaying);
  }

  #firstTwo(): Example {
    return { kind: 'test', index: Math.max(0, this.#run.data.test.labels.indexOf(2)) };
  }

  /** Goes to a step: from the last snapshot before it, with the bits that it had. */
  async #go(step: number): Promise<void> {
    if (step < this.step) await this.#run.returnTo(step);
    while (this.step < step) {
      await this.#run.trainTo(Math.min(step, this.step + stepsPerFrame(this.step, this.#pace)));
      await this.#run.keep();
      await this.#run.note();
    }
  }

  async #restart(script: Script): Promise<void> {
    this.#isNew = true;
    let { data } = this.#run;
    if (script.data === 'digits' && (script.seed !== this.script.seed || this.#files)) {
      data.dispose();
      data = this.#draw(script.seed);
      this.#files = undefined;
    }
    this.#awaited = undefined;
    await this.#run.restart(script, data);
  }

  /** Starts again with the reader's MNIST files, at the moment that waits for them; or says why that cannot be. */
  async #useFiles(files: readonly File[]): Promise<void> {
    const { readFiles } = await import('../../pageData.ts');
    let read: Awaited<ReturnType<typeof readFiles>>;
    try {
      read = await readFiles(files, maxTraining);
    } catch (error) {
      this.#notice = (error as Error).message;
      return;
    }
    const { script, step, example } = this.#awaited ?? {};
    this.#awaited = undefined;
    this.#run.data.dispose();
    this.#files = files;
    this.#isNew = step === undefined;
    await this.#run.restart(
      script ?? { ...this.script, data: 'mnist', changes: [] },
      DigitData.of(this.script.seed, read.training, read.test),
    );
    if (example) this.#example = example;
    else if (this.#example.kind === 'test') this.#example = this.#firstTwo();
    if (step !== undefined) await this.#go(step);
  }

  /** Goes on with another engine from the same parameters. */
  async #computeOn(engine: 'cpu' | 'webgpu'): Promise<void> {
    const before = this.#run.device;
    if ((before ? 'webgpu' : 'cpu') === engine) return;
    let device: Device | undefined;
    try {
      if (engine === 'webgpu') {
        const { Device } = await import('../../../gpu/device.ts');
        // A worker cannot see whether its page is hidden. The page pauses the run itself.
        device = await Device.request({ isVisible: () => true });
      }
      await this.#run.computeOn(device);
    } catch (error) {
      device?.destroy();
      this.#notice = (error as Error).message;
      return;
    }
    before?.destroy();
  }

  /** Moves to the GPU if this machine has one that trains this network faster. */
  async moveToFasterEngine(): Promise<void> {
    if (await this.#run.isFasterOnGpu()) await this.inTurn(() => this.#computeOn('webgpu'));
  }

  async #show(): Promise<void> {
    const run = this.#run;
    const { pixels, label } = this.example;
    const sample = createDataset({
      ...{ name: 'the example', featureCount, classCount: 10 },
      features: pixels,
      labels: [label],
    });
    const test = await run.note();
    const nudges = await run.trainer.explain(sample, 0);
    this.#emitHistory(run.history);
    this.#emit({
      ...run.describe(),
      isPlaying: this.#isPlaying,
      ...(this.#notice !== undefined && { notice: this.#notice }),
      test: { count: run.data.test.sampleCount, ...test },
      example: this.example,
      nudges,
      error: checkExplanation(run.firstNetwork(), nudges),
    });
  }
}
