import type { Evaluation } from '../engine/engine.ts';
import type { Progress } from '../training/trainer.ts';

/** Training and evaluation of one epoch. */
export interface EpochResult {
  /** Starts at 1. */
  readonly epoch: number;
  /** False if the training ended within the epoch. */
  readonly isComplete: boolean;
  /** Steps since the training began. */
  readonly step: number;
  /** Training samples of this epoch. */
  readonly samples: number;
  /** Mean cost of the training samples, before the update of each step. */
  readonly cost: number;
  /** Share of correct predictions on the training samples, 0 to 1. */
  readonly trainingAccuracy: number;
  /** On the test set, after the epoch. */
  readonly evaluation: Evaluation;
  /** Training time without evaluation. */
  readonly seconds: number;
  readonly samplesPerSecond: number;
  /** Busy time of the GPU, if the device has timestamp queries. */
  readonly gpuSeconds?: number;
}

/** Progress within an epoch; cost and accuracy are means over the epoch so far. */
export interface TrainProgress {
  readonly epoch: number;
  readonly step: number;
  readonly cost: number;
  readonly accuracy: number;
  readonly samplesPerSecond: number;
}

/** Sums the reports of a training by epoch. */
export class EpochMeter {
  #seconds = 0;
  #gpuSeconds: number | undefined;
  #samples = 0;
  #costSum = 0;
  #correct = 0;
  #last: Progress | undefined;

  /** Whether the current epoch has reports. */
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

  /** Ends the epoch at the last report. */
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
