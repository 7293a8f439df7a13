/**
 * The work that a Node program does itself or has done by a page, by name: src/cli runs these here, and
 * src/page/jobs runs the same ones there.
 */
import { runSweep } from './sweepJob.ts';
import { runTune } from './tuneJob.ts';
import { runEvaluation, runTraining, type WorkContext, type WorkData } from './trainJob.ts';
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
  { training }: WorkData,
  { gpu, signal, onEvent }: WorkContext<CheckEvent>,
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

const works = {
  train: runTraining,
  evaluate: runEvaluation,
  check: runCheck,
  sweep: runSweep,
  tune: runTune,
};

export type WorkName = keyof typeof works;

/** What a work takes, tells on the way, and gives. */
export type WorkConfiguration<Name extends WorkName> = Parameters<(typeof works)[Name]>[0];
export type WorkResult<Name extends WorkName> = Awaited<ReturnType<(typeof works)[Name]>>;
export type WorkEvent<Name extends WorkName> =
  NonNullable<Parameters<(typeof works)[Name]>[2]> extends WorkContext<infer Event> ? Event : never;

export type Work<Name extends WorkName> = (
  configuration: WorkConfiguration<Name>,
  data: WorkData,
  context: WorkContext<WorkEvent<Name>>,
) => Promise<WorkResult<Name>>;

/** The work of that name. */
export function findWork<Name extends WorkName>(name: Name): Work<Name> {
  // TypeScript does not see that the entry of a name it does not know yet is of that name's type.
  return works[name] as unknown as Work<Name>;
}
