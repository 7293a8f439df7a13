/** The page that people open: the benchmark, with one button. */
import { App } from './app.ts';
import { mendLanguage } from './languageTag.ts';
import { readPageOptions } from './pageOptions.ts';

// Before any chart is loaded.
mendLanguage();
const app = new App(readPageOptions(location.search));
Object.assign(globalThis, { nudgeBenchmark: app.automation });
await app.start();
