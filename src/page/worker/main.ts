/** The worker's program: the benchmark, the checks and the data, away from the thread that draws the page. */
import { startThreadsBy } from '../../cpu/thread.ts';
import { PageThread } from './pageThread.ts';
import { serve } from './serve.ts';

startThreadsBy(() => new PageThread(globalThis));
serve(globalThis);
