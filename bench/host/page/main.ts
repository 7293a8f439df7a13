/** The page of `npm run bench:host`, driven from Node through src/node/pageLink.ts. */
import { createNudgePage } from '../../../src/page/nudgePage.ts';
import { measureHost } from '../measure.ts';

Object.assign(globalThis, { nudge: createNudgePage({ host: () => measureHost() }) });
