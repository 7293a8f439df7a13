/** The worker's script. Benchmark, checks and data run in it, so that the page stays responsive. */
import { startThreadsBy } from '../../cpu/thread.ts';
import { PageThread } from './pageThread.ts';
import { serve } from './serve.ts';
import { tasks } from './tasks.ts';

startThreadsBy(() => new PageThread(globalThis));
serve(globalThis, tasks);
