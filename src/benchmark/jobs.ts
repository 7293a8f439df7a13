/** Jobs by name. src/cli runs them in its own process, and src/page/jobs runs them in a page. */
import { runSweep } from './sweepJob.ts';
import { runTune } from './tuneJob.ts';
import { runEvaluation, runTraining, type JobContext, type JobData } from './trainJob.ts';
import { verify, type VerificationReport, type VerifyOptions } from './verification/verify.ts';

export type CheckConfiguration = Pick<VerifyOptions, 'rounds' | 'fraction' | 'plans' | 'seed'>;

export type CheckEvent = Parameters<NonNullable<VerifyOptions['onProgress']>>[0];

function runCheck(
  configuration: CheckConfiguration,
  { training }: JobData,
  { gpu, signal, onEvent }: JobContext<CheckEvent>,
): Promise<VerificationReport> {
  return verify({ ...configuration, gpu, data: training, signal, onProgress: onEvent });
}

const jobs = {
  train: runTraining,
  evaluate: runEvaluation,
  check: runCheck,
  sweep: runSweep,
  tune: runTune,
};

export type JobName = keyof typeof jobs;

export type JobConfiguration<Name extends JobName> = Parameters<(typeof jobs)[Name]>[0];
export type JobResult<Name extends JobName> = Awaited<ReturnType<(typeof jobs)[Name]>>;
export type JobEvent<Name extends JobName> =
  NonNullable<Parameters<(typeof jobs)[Name]>[2]> extends JobContext<infer Event> ? Event : never;

export type Job<Name extends JobName> = (
  configuration: JobConfiguration<Name>,
  data: JobData,
  context: JobContext<JobEvent<Name>>,
) => Promise<JobResult<Name>>;

export function findJob<Name extends JobName>(name: Name): Job<Name> {
  // TypeScript does not infer that the entry of a generic name has the type of that name.
  return jobs[name] as unknown as Job<Name>;
}
