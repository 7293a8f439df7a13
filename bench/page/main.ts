/** The page of bench:host, bench:first-step and losses. */
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
};
Object.assign(globalThis, { nudge: createNudgePage(jobs) });
