/** Starts the benchmark page. */
import { App } from './app.ts';
import { isolate } from './isolate.ts';
import { readPageOptions } from './pageOptions.ts';

if (!(await isolate())) {
  const app = new App(readPageOptions(location.search));
  Object.assign(globalThis, { nudgeBenchmark: app.automation });
  await app.start();
}
