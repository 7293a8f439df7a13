/**
 * The work that a Node program does itself or has done by a page, by name: src/cli runs these here, and
 * src/page/jobs runs the same ones there.
 */
import { runSweep } from './sweepJob.ts';
import { runTune } from './tuneJob.ts';
import { runEvaluation, runTraining, type JobContext, type JobData } from './trainJob.ts';
import { verify, type VerificationReport, type VerifyOptions } from './verification/verify.ts';

export interface CheckConfiguration {
  /** Draws of each kernel variant. */
  readonly rounds?: number | undefined;
  /** See `VerifyOptions.fraction`. */
  readonly fraction?: number | undefined;
  /** See `VerifyOptions.plans`. */
  readonly plans?: number | undefined;
  readonly seed?: number | undefined;
}

export type CheckEvent = Parameters<NonNullable<VerifyOptions['onProgress']>>[0];

function runCheck(
  { rounds, fraction, plans, seed }: CheckConfiguration,
  { training }: JobData,
  { gpu, signal, onEvent }: JobContext<CheckEvent>,
): Promise<VerificationReport> {
  return verify({
    gpu,
    data: training,
    ...(rounds !== undefined && { rounds }),
    ...(fraction !== undefined && { fraction }),
    ...(plans !== undefined && { plans }),
    ...(seed !== undefined && { seed }),
    ...(signal && { signal }),
    ...(onEvent && { onProgress: onEvent }),
  });
}

const jobs = {
  train: runTraining,
  evaluate: runEvaluation,
  check: runCheck,
  sweep: runSweep,
  tune: runTune,
};

export type JobName = keyof typeof jobs;

/** What a work takes, tells on the way, and gives. */
export type JobConfiguration<Name extends JobName> = Parameters<(typeof jobs)[Name]>[0];
export type JobResult<Name extends JobName> = Awaited<ReturnType<(typeof jobs)[Name]>>;
export type JobEvent<Name extends JobName> =
  NonNullable<Parameters<(typeof jobs)[Name]>[2]> extends JobContext<infer Event> ? Event : never;

export type Job<Name extends JobName> = (
  configuration: JobConfiguration<Name>,
  data: JobData,
  context: JobContext<JobEvent<Name>>,
) => Promise<JobResult<Name>>;

/** The work of that name. */
export function findJob<Name extends JobName>(name: Name): Job<Name> {
  // TypeScript does not see that the entry of a name it does not know yet is of that name's type.
  return jobs[name] as unknown as Job<Name>;
}
