/** The worker's program: the benchmark, the checks and the data, away from the thread that draws the page. */
import type { Port } from './protocol.ts';
import { serve } from './serve.ts';

// The types are those of a window, whose `postMessage` also wants to know to which origin.
serve(globalThis as unknown as Port);
