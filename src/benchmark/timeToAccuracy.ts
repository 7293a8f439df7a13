/** Measures how long a backend trains until it reaches an accuracy on the test set. */
import type { Dataset } from '../data/dataset.ts';
import type { Device } from '../gpu/device.ts';
import type { OwnBackendName, TimeToAccuracy } from './result/schema.ts';
import { createTrainer } from './backendRun.ts';
import type { Workload } from './workloads.ts';

/** Accuracies on the test set, ascending. */
export const accuracyTargets = [0.95, 0.97] as const;
/** Accuracy changes little within this many steps. */
const stepsBetweenTests = 100;

export interface TimeToAccuracyOptions {
  readonly workload: Workload;
  readonly backend: OwnBackendName;
  readonly training: Dataset;
  readonly test: Dataset;
  readonly seed: number;
  readonly device: Device | undefined;
  /** Time limit including tests. */
  readonly maxSeconds: number;
  readonly signal: AbortSignal | undefined;
  /** @param share elapsed share of `maxSeconds` */
  readonly onProgress: (share: number) => void;
}

/** Trains a new network and tests it every 100 steps; the times exclude the tests. @returns one entry for each target */
export async function timeToAccuracy(
  options: TimeToAccuracyOptions,
): Promise<readonly TimeToAccuracy[]> {
  const { workload, backend, training, test, seed, device, maxSeconds, signal } = options;
  const trainer = await createTrainer(workload, backend, seed, device);
  try {
    await trainer.prepare(training);
    // The first test compiles.
    await trainer.evaluate(test);
    const start = performance.now();
    const reached = new Map<number, { readonly seconds: number; readonly steps: number }>();
    let seconds = 0;
    let best = 0;
    for (;;) {
      const steps = stepsBetweenTests;
      for await (const report of trainer.fit(training, { steps, reportEvery: steps, signal })) {
        seconds += report.seconds;
      }
      const { accuracy } = await trainer.evaluate(test);
      best = Math.max(best, accuracy);
      for (const target of accuracyTargets) {
        if (accuracy >= target && !reached.has(target)) {
          reached.set(target, { seconds, steps: trainer.step });
        }
      }
      const elapsed = (performance.now() - start) / 1000;
      options.onProgress(Math.min(1, elapsed / maxSeconds));
      if (reached.size === accuracyTargets.length || elapsed >= maxSeconds) break;
    }
    return accuracyTargets.map((target) => ({
      workload: workload.name,
      backend,
      target,
      steps: trainer.step,
      accuracy: best,
      ...reached.get(target),
    }));
  } finally {
    await trainer.dispose();
  }
}
