/** The script of the lesson's worker. Everything is computed in it, so that the page stays smooth. */
import { serve } from '../../worker/serve.ts';
import { tasks } from './tasks.ts';

serve(globalThis, tasks);
