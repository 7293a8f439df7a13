import type { Evaluation } from '../engine/engine.ts';
import type { Progress } from '../training/trainer.ts';

/** One epoch, as trained and as evaluated after it. */
export interface EpochResult {
  /** Counting from 1. */
  readonly epoch: number;
  /** False where the training ended in the middle of it. */
  readonly isComplete: boolean;
  /** Steps made since the training began, as of the last report. */
  readonly step: number;
  /** Samples trained on in this epoch. */
  readonly samples: number;
  /** Their mean cost, each taken before its step's update. */
  readonly cost: number;
  /** Share of them that the network got right, 0 to 1. */
  readonly trainingAccuracy: number;
  /** On the test set, after the epoch. */
  readonly evaluation: Evaluation;
  /** Of training; evaluation not counted. */
  readonly seconds: number;
  readonly samplesPerSecond: number;
  /** Seconds the GPU was at it, where the device can tell. */
  readonly gpuSeconds?: number;
}

/** How the epoch under way is doing. */
export interface TrainProgress {
  readonly epoch: number;
  readonly step: number;
  /** Mean over the epoch so far. */
  readonly cost: number;
  /** Mean over the epoch so far, 0 to 1. */
  readonly accuracy: number;
  readonly samplesPerSecond: number;
}

/** Adds the reports of a training up to epochs. */
export class EpochMeter {
  #seconds = 0;
  #gpuSeconds: number | undefined;
  #samples = 0;
  #costSum = 0;
  #correct = 0;
  #last: Progress | undefined;

  /** Whether there are reports since the last epoch ended. */
  get hasReports(): boolean {
    return this.#last !== undefined;
  }

  add(report: Progress): TrainProgress {
    this.#last = report;
    this.#seconds += report.seconds;
    if (report.gpuSeconds !== undefined) {
      this.#gpuSeconds = (this.#gpuSeconds ?? 0) + report.gpuSeconds;
    }
    this.#samples += report.samples;
    this.#costSum += report.cost * report.samples;
    this.#correct += Math.round(report.accuracy * report.samples);
    return {
      epoch: report.epoch,
      step: report.step,
      cost: this.#costSum / this.#samples,
      accuracy: this.#correct / this.#samples,
      samplesPerSecond: this.#samples / this.#seconds,
    };
  }

  /** The epoch up to the last report; the next begins now. */
  end(evaluation: Evaluation): EpochResult {
    const { epoch, step, endOfEpoch } = this.#last!;
    const result = {
      epoch,
      isComplete: endOfEpoch,
      step,
      samples: this.#samples,
      cost: this.#costSum / this.#samples,
      trainingAccuracy: this.#correct / this.#samples,
      evaluation,
      seconds: this.#seconds,
      samplesPerSecond: this.#samples / this.#seconds,
      ...(this.#gpuSeconds !== undefined && { gpuSeconds: this.#gpuSeconds }),
    };
    this.#last = undefined;
    this.#seconds = this.#samples = this.#costSum = this.#correct = 0;
    this.#gpuSeconds = undefined;
    return result;
  }
}
