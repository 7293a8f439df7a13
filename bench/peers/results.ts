/** What a run leaves behind: everything that was measured, and what it was measured on. */
import type { AdapterDetails } from '../../src/page/jobs/environment.ts';
import type { PythonDescription } from '../../src/node/pythonPeers.ts';
import type { TimeToAccuracy } from './measurements.ts';
import type { Verdict } from './statistics.ts';

/** One repeat of one contender on one workload. */
export interface Sample {
  /** Steps or products made. */
  readonly times: number;
  readonly seconds: number;
  /** samples/s or GFLOP/s. */
  readonly rate: number;
  /** After the workload's checked steps; left out for products. */
  readonly cost?: number;
  /** Of a product, over its bound; left out for trainings. */
  readonly error?: number;
}

export interface ContenderResult {
  readonly contender: string;
  /** See ContenderDescription. */
  readonly line: string;
  readonly title: string;
  readonly computesOn: 'gpu' | 'cpu';
  readonly workload: string;
  readonly verdict: Verdict;
  readonly samples: readonly Sample[];
  /** That a training step asks of the GPU's queue. */
  readonly commands?: { readonly dispatches: number; readonly submits: number };
  /** How it computed: 'SIMD, 2 threads'. See Form. */
  readonly form?: string;
}

export interface FirstStepResult {
  readonly contender: string;
  readonly line: string;
  /** Milliseconds from the start of the navigation, one a page load. */
  readonly milliseconds: readonly number[];
  readonly failure?: string;
}

export interface TimeToAccuracyResult {
  readonly contender: string;
  readonly line: string;
  readonly workload: string;
  readonly accuracy: number;
  readonly result?: TimeToAccuracy;
  readonly failure?: string;
}

/** Python's libraries, measured outside any browser. */
export interface PythonResults extends Omit<PythonDescription, 'forms'> {
  readonly results: readonly ContenderResult[];
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly platform: string;
  readonly node: string;
}

export interface Results {
  /** False while measurements are missing: the same command with --resume makes them. */
  readonly isComplete: boolean;
  /** When it was begun. */
  readonly date: string;
  readonly commit: string;
  /** SHA-256 of what the working tree has changed in the code since the commit; left out where that is nothing. */
  readonly changes?: string;
  readonly command: string;
  readonly machine: Machine;
  readonly browser: { readonly name: string; readonly version: string };
  readonly adapter: AdapterDetails | undefined;
  readonly versions: Readonly<Record<string, string | undefined>>;
  readonly settings: Readonly<Record<string, unknown>>;
  /** float64's cost after the checked steps, by workload. */
  readonly referenceCosts: Readonly<Record<string, number>>;
  readonly results: readonly ContenderResult[];
  readonly firstSteps: readonly FirstStepResult[];
  readonly timesToAccuracy: readonly TimeToAccuracyResult[];
  readonly python: PythonResults;
  /** Contenders in the browser that were measured in less than their best form. */
  readonly warnings: readonly string[];
}
