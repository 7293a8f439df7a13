/** The page of bench:host, bench:first-step, losses and crashes. */
import type { PageJobContext } from '../../src/page/jobs/pageJob.ts';
import { createNudgePage } from '../../src/page/nudgePage.ts';
import { makeFirstStep } from './firstStep.ts';

// The first step begins as soon as the page has loaded, without a word from Node. The job only waits for it.
const library = new URLSearchParams(location.search).get('first');
const firstStep = library === null ? undefined : makeFirstStep(library);
// The job reports a failure, so it must not count as unhandled before.
firstStep?.catch(() => undefined);

const jobs = {
  host: async () => await (await import('./host.ts')).measureHost(),
  firstStep: async () => await firstStep,
  losses: async ({ losses, seed }: { losses: number; seed: number }) =>
    await (await import('./losses.ts')).loseRealDevices(losses, seed),
  writeCheckpoints: async (name: string, { emit }: PageJobContext) =>
    await (await import('./checkpoints.ts')).writeCheckpoints(name, emit),
  compareCheckpoint: async (name: string) =>
    await (await import('./checkpoints.ts')).compareCheckpoint(name),
};
Object.assign(globalThis, { nudge: createNudgePage(jobs) });
