/** The machine, the browser, the data and the settings of a run. */
import type { BenchmarkResult } from '../../benchmark/result/schema.ts';
import { adapterName } from '../../gpu/adapter.ts';
import { backendName } from '../backendNames.ts';
import { make } from '../elements.ts';
import { formatCount, formatPrefixed, formatSeconds } from '../format.ts';

type Entry = readonly [term: string, text: string];

export function makeEnvironment(result: BenchmarkResult): HTMLElement {
  const { features, limits } = result.environment;
  const adapterLimits = Object.entries(limits).map(
    ([name, value]) => [name, formatCount(value)] as const,
  );
  return make(
    'details.card.wide',
    { 'data-part': 'environment' },
    make('summary', make('h3', 'Environment')),
    makeList([...machine(result), ...measured(result), ...run(result)]),
    features.length > 0 && make('p.small', `Features: ${features.join(', ')}.`),
    adapterLimits.length > 0 &&
      make('details.small', make('summary', 'Limits of the adapter'), makeList(adapterLimits)),
  );
}

function makeList(entries: readonly Entry[]): HTMLElement {
  return make('dl', ...entries.flatMap(([term, text]) => [make('dt', term), make('dd', text)]));
}

function machine({ environment }: BenchmarkResult): Entry[] {
  const { name, system, threads, isIsolated, timerResolution, adapter } = environment;
  const { battery, userAgent, runtime } = environment;
  const entries: Entry[] = [
    [runtime === 'browser' ? 'Browser' : 'Runtime', name],
    ['System', system],
    ['GPU', adapter ? adapterName(adapter) : 'none'],
    ['CPU threads', String(threads)],
    ['Cross-origin isolated', isIsolated ? 'yes' : 'no'],
    ['Smallest step of the timer', `${formatCount(timerResolution * 1e6)}\u00a0µs`],
  ];
  if (battery) {
    const charging = battery.isCharging ? 'charging' : 'not charging';
    entries.push(['Battery', `${Math.round(battery.level * 100)}\u00a0%, ${charging}`]);
  }
  if (userAgent !== undefined) entries.push(['User agent', userAgent]);
  return entries;
}

function measured({ limits }: BenchmarkResult): Entry[] {
  if (!limits) return [];
  const bytes = (value: number) => `${formatPrefixed(value)}B/s`;
  return [
    ['Arithmetic, measured', `${formatPrefixed(limits.flopPerSecond)}FLOP/s`],
    [
      'Memory, measured',
      `${bytes(limits.readBytesPerSecond)} read, ${bytes(limits.copyBytesPerSecond)} copied, ` +
        `${bytes(limits.cachedBytesPerSecond)} from caches`,
    ],
    [
      'Calls, measured',
      `${formatSeconds(limits.dispatchSeconds)} per dispatch, ${formatSeconds(limits.submitSeconds)} per submit, ` +
        `${formatSeconds(limits.readbackSeconds)} per read-back`,
    ],
  ];
}

function run({ data, nudge, seconds, settings, workloads }: BenchmarkResult): Entry[] {
  const { repeats, repeatSeconds, seed } = settings;
  const counts = `${formatCount(data.trainingCount)} samples for training, ${formatCount(data.testCount)} for testing`;
  const commit = nudge.commit === undefined ? '' : `, commit ${nudge.commit}`;
  return [
    ['Data', `${data.name}, ${counts}`],
    ['SHA-256 of the data', data.sha256],
    ['nudge', `${nudge.version}${commit}`],
    [
      'Run',
      `${formatCount(seconds)}\u00a0s; ${repeats} repeats of ${repeatSeconds}\u00a0s, seed ${seed}`,
    ],
    ...workloads.flatMap(({ name, series }) =>
      series.flatMap(({ backend, plan }): Entry[] =>
        plan === undefined ? [] : [[`Plan of ${name}, ${backendName(backend)}`, plan]],
      ),
    ),
  ];
}
