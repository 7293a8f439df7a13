/** Computes the progress of a run from the expected time of its parts. */
import type { BenchmarkEvent, Phase } from './events.ts';
import {
  beginSeconds,
  expectedBlockSeconds,
  expectedRunSeconds,
  type RunShape,
} from './expectation.ts';
import type { BackendName } from './result/schema.ts';
import type { Workload } from './workloads.ts';

interface Subject {
  readonly workload?: string;
  readonly block?: number;
  readonly backend?: BackendName;
  readonly round?: number;
}

export class RunProgress {
  readonly #shape: RunShape;
  readonly #total: number;
  readonly #onEvent: (event: BenchmarkEvent) => void;
  /** Expected seconds of completed parts. */
  #over: number = beginSeconds;
  #done = 0;

  constructor(shape: RunShape, onEvent: (event: BenchmarkEvent) => void) {
    this.#shape = shape;
    this.#total = expectedRunSeconds(shape);
    this.#onEvent = onEvent;
  }

  /** Starts a phase outside the measurement of workloads. */
  begin(phase: Phase, subject: Subject): void {
    this.#tell(phase, phase === 'wait' || phase === 'probe' ? 0 : this.#over, subject);
  }

  /** @param share completed share of this workload in this block */
  at(
    workload: Workload,
    block: number,
    phase: Phase,
    share: number,
    of: Omit<Subject, 'workload' | 'block'>,
  ): void {
    const seconds = this.#over + share * expectedBlockSeconds(workload, block, this.#shape);
    this.#tell(phase, seconds, { workload: workload.name, block: block + 1, ...of });
  }

  finish(workload: Workload, block: number): void {
    this.#over += expectedBlockSeconds(workload, block, this.#shape);
  }

  /** @param share elapsed share of the time to reach an accuracy */
  advanceAccuracy(share: number, workload: string, backend: BackendName): void {
    this.#tell('accuracy', this.#over + share * this.#shape.accuracySeconds, { workload, backend });
  }

  finishAccuracy(): void {
    this.#over += this.#shape.accuracySeconds;
  }

  #tell(phase: Phase, seconds: number, subject: Subject): void {
    this.#done = Math.max(this.#done, Math.min(1, seconds / this.#total));
    this.#onEvent({ type: 'phase', phase, done: this.#done, ...subject });
  }
}
