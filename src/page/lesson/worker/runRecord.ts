/** What the lesson keeps of its run: snapshots to go back to, and the history of accuracy and cost. */
import type { TrainingSnapshot } from '../../../training/snapshot.ts';
import type { HistoryPoint } from '../frame.ts';

const maxSnapshots = 160;
/** The newest snapshots, all of which stay. */
const newest = 20;
const maxPoints = 600;

/** A moment of the run that it can return to. */
export interface Kept {
  readonly step: number;
  /** Number of changes made before it. */
  readonly changes: number;
  readonly seconds: number;
  readonly epochStart: number;
  readonly epochs: number;
  readonly segmentEpochs: number;
  readonly state: TrainingSnapshot;
}

export class RunRecord {
  #snapshots: Kept[] = [];
  #history: HistoryPoint[] = [];

  get history(): readonly HistoryPoint[] {
    return this.#history;
  }

  /** The last snapshot. There is always one after the start of a run. */
  get last(): Kept {
    return this.#snapshots.at(-1)!;
  }

  /** Whether a snapshot of this moment is missing. Moments before the last snapshot follow from it. */
  lacks(step: number, changes: number): boolean {
    const last = this.#snapshots.at(-1);
    if (!last) return true;
    return step > last.step || (step === last.step && changes !== last.changes);
  }

  keep(kept: Kept): void {
    this.#snapshots.push(kept);
    if (this.#snapshots.length <= maxSnapshots) return;
    // Those beside a change stay too, because `undo` needs them.
    this.#snapshots = this.#snapshots.filter(
      ({ changes }, n, all) =>
        n % 2 === 0 || n > maxSnapshots - newest || all[n + 1]?.changes !== changes,
    );
  }

  /** The last snapshot up to a step. */
  upTo(step: number): Kept {
    return this.#snapshots.findLast((kept) => kept.step <= step) ?? this.#snapshots[0]!;
  }

  /** The last snapshot with fewer changes; there is one for every change that was made. */
  beforeChange(changes: number): Kept {
    return this.#snapshots.findLast((kept) => kept.changes < changes)!;
  }

  note(point: HistoryPoint): void {
    const last = this.#history.at(-1);
    // A change has another cost at the same step.
    const isNew =
      !last || point.step > last.step || (point.step === last.step && point.cost !== last.cost);
    if (!isNew) return;
    this.#history.push(point);
    if (this.#history.length > maxPoints) {
      this.#history = this.#history.filter((_, n, all) => n % 2 === 0 || n === all.length - 1);
    }
  }

  /** Forgets everything after a step. */
  forgetAfter(step: number): void {
    this.#snapshots = this.#snapshots.filter((kept) => kept.step <= step);
    this.#history = this.#history.filter((point) => point.step <= step);
  }

  /** Forgets the history from a step on: the moment after a change has the step of the change. */
  forgetHistoryFrom(step: number): void {
    this.#history = this.#history.filter((point) => point.step < step);
  }
}
