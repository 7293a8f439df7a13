/** The benchmark as a Node program has it run: the page's job, and the page itself in Firefox. */
import { expect, it } from 'vitest';

import type { BenchmarkEvent } from '../../src/benchmark/events.ts';
import type { BenchmarkResult } from '../../src/benchmark/result/schema.ts';
import { openBrowserSession } from '../../src/node/browserSession.ts';
import type { StoppingEvent } from '../../src/page/jobs/stopping.ts';
import type { BenchArguments } from '../../src/page/jobs/benchArguments.ts';
import { optionalFirefox } from '../setup/optional.ts';
import { hostPage, resultOf, textOf } from './openPage.ts';

it('the job of the page runs the benchmark in a worker, tells of it, stops and goes on', async () => {
  const session = await openBrowserSession();
  try {
    const args: BenchArguments = {
      configuration: {
        workloads: ['tiny', 'batch-10'],
        backends: ['cpu-1'],
        repeats: 2,
        repeatSeconds: 0.02,
        // Other programs are no reason for a test to wait.
        waitSeconds: 0,
      },
      data: { kind: 'digits', options: { trainingCount: 500, testCount: 100 } },
    };
    const stop = new AbortController();
    const phases: string[] = [];
    const bench = (resume?: BenchmarkResult) =>
      session.call<BenchmarkResult, BenchmarkEvent | StoppingEvent>(
        'bench',
        { ...args, ...(resume && { resume }) },
        {
          ...(resume ? {} : { signal: stop.signal }),
          onEvent: (event) => {
            if (event.type === 'phase') phases.push(event.phase);
            if (event.type === 'workload') stop.abort();
          },
        },
      );
    const stopped = await bench();
    expect(phases).toContain('measure');
    expect(stopped.workloads.map(({ name }) => name)).toEqual(['tiny']);
    expect(stopped.flags.map(({ kind }) => kind)).toContain('stopped');
    expect(stopped.environment).toMatchObject({ runtime: 'browser', isIsolated: true });

    const whole = await bench(stopped);
    expect(whole.workloads.map(({ name }) => name)).toEqual(['tiny', 'batch-10']);
    const ratesOf = ({ workloads: [tiny] }: BenchmarkResult) => tiny!.series[0]!.samplesPerSecond;
    expect(ratesOf(whole).slice(0, ratesOf(stopped).length)).toEqual(ratesOf(stopped));
    expect(ratesOf(whole)).toHaveLength(whole.settings.repeats);
    expect(whole.scores).toHaveLength(1);
  } finally {
    await session.close();
  }
});

it('the page runs it in Firefox too, on the GPU that workers have there', async (context) => {
  const host = await hostPage(await optionalFirefox(context));
  try {
    const page = await host.open(
      '?workloads=tiny&repeats=2&blocks=1&seconds=0.02&samples=1000&auto=1',
    );
    const { workloads, environment } = await resultOf(page);
    expect(environment.name).toMatch(/^Firefox \d+$/);
    expect(workloads[0]?.series.map(({ backend }) => backend).sort()).toEqual([
      'cpu',
      'cpu-1',
      'webgpu',
    ]);
    expect(workloads[0]?.verification?.isVerified).toBe(true);
    expect(await textOf(page, '[data-verified]')).toMatch(/^✓ Verified/);
    await host.closePages();
  } finally {
    await host.close();
  }
});
