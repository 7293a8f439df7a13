/** The page that measures one contender, driven from Node through src/node/pageLink.ts. */
import { environment } from '../../../src/page/jobs/environment.ts';
import { createNudgePage } from '../../../src/page/nudgePage.ts';
import type { ContenderName } from '../contenders.ts';
import { fetchDataset } from './data.ts';
import { makeFirstStep } from './firstStep.ts';
import { jobsIn } from './jobs.ts';
import { loadContender } from './loadContender.ts';

// The page begins the first step by itself, as soon as it is loaded. Its address names the library.
const first = new URLSearchParams(location.search).get('first');
const firstStep = first === null ? undefined : makeFirstStep(first as ContenderName);
// Reported by the job; a failure must not count as unheard until then.
firstStep?.catch(() => undefined);

const jobs = {
  environment,
  ...jobsIn({ load: (name) => loadContender(name as ContenderName), dataset: fetchDataset }),
  firstStep: async () => await firstStep,
};

Object.assign(globalThis, { nudge: createNudgePage(jobs) });
