/** The page that a Node program drives, through src/node/browserSession.ts. */
import { jobs } from './jobs/index.ts';
import { createNudgePage } from './nudgePage.ts';

Object.assign(globalThis, { nudge: createNudgePage(jobs) });
