/** The worker's program: the benchmark, the checks and the data, away from the thread that draws the page. */
import { serve } from './serve.ts';

serve(globalThis);
