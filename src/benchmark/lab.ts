/**
 * A lab measures one block: it has its own device, the data and a pulse meter. It runs in a fresh worker in a browser, or
 * in this process, so this module uses neither the DOM nor Node.
 */
import type { Dataset } from '../data/dataset.ts';
import { NoAdapterError, NudgeError } from '../errors.ts';
import { sha256 } from '../formats/sha256.ts';
import { Device } from '../gpu/device.ts';
import { probeAdapter, type MeasuredLimits } from '../gpu/probes/probeAdapter.ts';
import { reportAdapter, timerResolution } from './adapterReport.ts';
import type { BenchmarkEvent, Phase } from './events.ts';
import type { LoadPeer } from './peerRun.ts';
import { PulseMeter, type Pulse } from './pulse.ts';
import type { Environment, OwnBackendName, BackendName, TimeToAccuracy } from './result/schema.ts';
import { timeToAccuracy, type TimeToAccuracyOptions } from './timeToAccuracy.ts';
import { runWorkload, type WorkloadOutcome, type WorkloadTask } from './workloadRun.ts';
import { findWorkload } from './workloads.ts';

export interface LabFacts extends Pick<
  Environment,
  'timerResolution' | 'adapter' | 'noAdapter' | 'features' | 'limits'
> {
  /** Hash of the training features and labels, then the test features and labels, in hexadecimal; if `wantsHash`. */
  readonly sha256?: string;
  /** Length of a beat, for later labs; undefined if the pulse cannot be measured. */
  readonly beatRounds: number | undefined;
}

export interface LabOpening {
  readonly wantsGpu: boolean;
  readonly wantsHash: boolean;
  /** From the first lab. */
  readonly beatRounds?: number | undefined;
}

/** {@link WorkloadTask} as plain data. */
export type LabTask = Omit<WorkloadTask, 'workload'> & { readonly workload: string };

export type LabEvent =
  | Extract<BenchmarkEvent, { readonly type: 'repeat' | 'point' }>
  | {
      readonly type: 'progress';
      readonly phase: Phase;
      readonly backend?: BackendName;
      readonly round?: number;
      /** Completed share of the task. */
      readonly share: number;
    };

export interface LabContext {
  readonly signal?: AbortSignal | undefined;
  readonly onEvent: (event: LabEvent) => void;
}

export interface AccuracyTask {
  readonly workload: string;
  readonly backend: OwnBackendName;
  readonly seed: number;
  readonly maxSeconds: number;
}

/** The interface of a lab, which may be in another thread. */
export interface Lab {
  /** Must be called first. A missing adapter is reported in `noAdapter`. */
  open(opening: LabOpening): Promise<LabFacts>;
  /** Measures the pulse of the idle processor. @returns an empty list if the pulse cannot be measured */
  watch(looks: number): Promise<readonly Pulse[]>;
  probe(context: LabContext): Promise<MeasuredLimits | undefined>;
  measure(task: LabTask, context: LabContext): Promise<WorkloadOutcome>;
  trainToAccuracy(task: AccuracyTask, context: LabContext): Promise<readonly TimeToAccuracy[]>;
  close(): void;
}

export interface LocalLabOptions {
  readonly training: Dataset;
  readonly test: Dataset;
  /** Default `navigator.gpu`. */
  readonly gpu?: GPU | undefined;
  readonly loadPeer?: LoadPeer | undefined;
  /** Aborts when the page is hidden. */
  readonly hidden?: AbortSignal | undefined;
}

/** Time to measure the adapter's limits. */
const probeBudgetMs = 1000;
/** Pause between measurements of the idle processor. */
const watchEveryMs = 50;

/** A lab in this thread. */
export class LocalLab implements Lab {
  readonly #options: LocalLabOptions;
  #device: Device | undefined;
  #meter: PulseMeter | undefined;

  constructor(options: LocalLabOptions) {
    this.#options = options;
  }

  async open({ wantsGpu, wantsHash, beatRounds }: LabOpening): Promise<LabFacts> {
    const { gpu, training, test } = this.#options;
    let noAdapter: string | undefined;
    if (wantsGpu) {
      try {
        this.#device = await this.#requestDevice();
      } catch (error) {
        if (!(error instanceof NoAdapterError)) throw error;
        noAdapter = error.message;
      }
    }
    const resolution = timerResolution();
    this.#meter = await PulseMeter.start(beatRounds, resolution);
    return {
      timerResolution: resolution,
      ...(this.#device && { adapter: this.#device.adapter }),
      ...(noAdapter !== undefined && { noAdapter }),
      ...(await reportAdapter(this.#device && (gpu ?? navigator.gpu))),
      ...(wantsHash && { sha256: await digestOf(training, test) }),
      beatRounds: this.#meter?.rounds,
    };
  }

  async watch(looks: number): Promise<readonly Pulse[]> {
    const pulses: Pulse[] = [];
    for (let n = 0; this.#meter && n < looks; n++) {
      if (n > 0) await new Promise((resolve) => setTimeout(resolve, watchEveryMs));
      pulses.push(await this.#meter.look());
    }
    return pulses;
  }

  async probe({ signal }: LabContext): Promise<MeasuredLimits | undefined> {
    return this.#device && (await probeAdapter(this.#device, { budgetMs: probeBudgetMs, signal }));
  }

  async measure(task: LabTask, { signal, onEvent }: LabContext): Promise<WorkloadOutcome> {
    const { training, test, loadPeer } = this.#options;
    const outcome = await runWorkload({
      ...task,
      workload: findWorkload(task.workload)!,
      training,
      test,
      loadPeer,
      device: this.#device,
      meter: this.#meter,
      signal,
      onEvent: (event) => {
        if (event.type === 'repeat' || event.type === 'point') onEvent(event);
      },
      onPhase: (phase, share, of) => onEvent({ type: 'progress', phase, share, ...of }),
    });
    if (outcome.flags.some(({ kind }) => kind === 'device-lost')) await this.#replaceDevice();
    return outcome;
  }

  async trainToAccuracy(
    { workload, ...task }: AccuracyTask,
    { signal, onEvent }: LabContext,
  ): Promise<readonly TimeToAccuracy[]> {
    const { training, test } = this.#options;
    const options: TimeToAccuracyOptions = {
      ...task,
      workload: findWorkload(workload)!,
      training,
      test,
      device: this.#device,
      signal,
      onProgress: (share) => onEvent({ type: 'progress', phase: 'accuracy', share }),
    };
    return await timeToAccuracy(options);
  }

  close(): void {
    this.#device?.destroy();
    this.#meter?.end();
  }

  /** The score is void, but the next workloads are still measured. */
  async #replaceDevice(): Promise<void> {
    this.#device?.destroy();
    this.#device = await this.#requestDevice().catch((error: unknown) => {
      if (error instanceof NudgeError) return undefined;
      throw error;
    });
  }

  async #requestDevice(): Promise<Device> {
    const { gpu, hidden } = this.#options;
    const isVisible = hidden && (() => !hidden.aborted);
    return await Device.request({ gpu, isVisible });
  }
}

async function digestOf(training: Dataset, test: Dataset): Promise<string> {
  const parts = [training.features, training.labels, test.features, test.labels];
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return await sha256(bytes);
}
