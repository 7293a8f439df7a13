/** The job that runs the benchmark, in workers as the page for people does. */
import type { BenchmarkEvent } from '../../benchmark/events.ts';
import type { BenchmarkResult } from '../../benchmark/result/schema.ts';
import type { PageDataSource } from '../pageData.ts';
import { watchHidden } from '../run/measuring.ts';
import { findWebGpu } from '../webgpu.ts';
import { startBenchmarkWorker } from '../worker/benchmarkWorker.ts';
import { runInWorkers } from '../worker/remoteLab.ts';
import type { BenchArguments } from './benchArguments.ts';
import { nudgeBuild } from './nudgeBuild.ts';
import { readPageEnvironment } from './pageEnvironment.ts';
import type { PageJob } from './pageJob.ts';
import { whileStopping } from './stopping.ts';

/** Emits {@link BenchmarkEvent}s, and `PeerQuestion`s, which expect answers. A stopped run returns what is finished. */
export const bench: PageJob<BenchArguments, BenchmarkResult> = (
  { configuration, data, resume },
  context,
) =>
  whileStopping(context, async () => {
    const { adapter } = await findWebGpu((navigator as Partial<Navigator>).gpu, undefined);
    const hasGpu = adapter !== undefined;
    const loader = await startBenchmarkWorker(hasGpu);
    const over = new AbortController();
    const hidden = watchHidden(over.signal);
    try {
      const loaded = await loader.call('data', absolute(data), { signal: context.signal });
      loader.end();
      return await runInWorkers({
        ...configuration,
        data: loaded,
        hasGpu,
        askBeyond: (question) => context.emit(question),
        hostEnvironment: await readPageEnvironment(),
        nudge: nudgeBuild,
        resume,
        signal: context.signal,
        hidden,
        onEvent: (event) => void context.emit(event satisfies BenchmarkEvent),
      });
    } finally {
      over.abort();
      loader.end();
    }
  });

/** Makes addresses absolute, because the worker's script is in another folder than the page. */
function absolute(data: PageDataSource): PageDataSource {
  if (data.kind === 'digits') return data;
  const entries = Object.entries(data.urls).map(([role, url]) => [
    role,
    new URL(url, document.baseURI).href,
  ]);
  return { kind: 'mnist', urls: Object.fromEntries(entries) as typeof data.urls };
}
