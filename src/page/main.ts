/** Starts the benchmark page. */
import { App } from './app.ts';
import { readPageOptions } from './pageOptions.ts';

const app = new App(readPageOptions(location.search));
Object.assign(globalThis, { nudgeBenchmark: app.automation });
await app.start();
