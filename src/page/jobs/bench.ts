/** The job that runs the benchmark, through the worker that the page for people has it done by. */
import type { BenchmarkEvent } from '../../benchmark/events.ts';
import type { BenchmarkResult } from '../../benchmark/result/schema.ts';
import { watchHidden } from '../hiddenSignal.ts';
import type { PageDataSource } from '../pageData.ts';
import { findWebGpu } from '../webgpu.ts';
import { BenchmarkWorker } from '../worker/benchmarkWorker.ts';
import { runInWorkers } from '../worker/remoteLab.ts';
import type { BenchArguments } from './benchArguments.ts';
import type { PageJob } from './pageJob.ts';
import { nudgeBuild } from './nudgeBuild.ts';
import { whileStopping } from './stopping.ts';
import { readPageEnvironment } from './pageEnvironment.ts';

/** Emits {@link BenchmarkEvent}s, and each `PeerQuestion`, which is to be answered; stopped, it gives what is finished. */
export const bench: PageJob<BenchArguments, BenchmarkResult> = (
  { configuration, data, resume },
  context,
) =>
  whileStopping(context, async () => {
    const { adapter } = await findWebGpu((navigator as Partial<Navigator>).gpu, undefined);
    const loader = await BenchmarkWorker.start(adapter !== undefined);
    const hidden = watchHidden();
    try {
      const loaded = await loader.call('data', fromHere(data), { signal: context.signal });
      loader.end();
      return await runInWorkers({
        ...configuration,
        data: loaded,
        hasGpu: adapter !== undefined,
        askBeyond: (question) => context.emit(question),
        hostEnvironment: await readPageEnvironment(),
        nudge: nudgeBuild,
        resume,
        signal: context.signal,
        hidden: hidden.signal,
        onEvent: (event) => void context.emit(event satisfies BenchmarkEvent),
      });
    } finally {
      hidden.dispose();
      loader.end();
    }
  });

/** With addresses as the page means them; the worker's program lies in another folder. */
function fromHere(data: PageDataSource): PageDataSource {
  if (data.kind === 'digits') return data;
  const entries = Object.entries(data.urls).map(([role, url]) => [
    role,
    new URL(url, document.baseURI).href,
  ]);
  return { kind: 'mnist', urls: Object.fromEntries(entries) as typeof data.urls };
}
