/** What the machine is, as far as the browser tells. */
import type { BenchmarkResult } from '../../benchmark/result/schema.ts';
import { adapterName } from '../../gpu/adapter.ts';
import { make } from '../elements.ts';
import { formatCount, formatPrefixed, formatSeconds } from '../format.ts';
import { seriesOf, backendsOf } from './lookUp.ts';
import { backendName } from '../backendNames.ts';

export function makeEnvironment(result: BenchmarkResult): HTMLElement {
  const entries = [...machine(result), ...measured(result), ...run(result), ...plans(result)];
  const list = entries.flatMap(([term, text]) => [make('dt', {}, term), make('dd', {}, text)]);
  const { features, limits } = result.environment;
  return make(
    'details',
    { class: 'card wide', 'data-part': 'environment' },
    make('summary', {}, make('h3', {}, 'Environment')),
    make('dl', {}, ...list),
    ...(features.length > 0
      ? [make('p', { class: 'small' }, `Features: ${features.join(', ')}.`)]
      : []),
    ...(Object.keys(limits).length > 0
      ? [
          make(
            'details',
            { class: 'small' },
            make('summary', {}, 'Limits of the adapter'),
            make(
              'dl',
              {},
              ...Object.entries(limits).flatMap(([name, value]) => [
                make('dt', {}, name),
                make('dd', {}, formatCount(value)),
              ]),
            ),
          ),
        ]
      : []),
  );
}

type Entry = readonly [term: string, text: string];

function machine({ environment }: BenchmarkResult): Entry[] {
  const { name, system, threads, isIsolated, timerResolution, battery, adapter } = environment;
  return [
    [environment.runtime === 'browser' ? 'Browser' : 'Runtime', name],
    ['System', system],
    ['GPU', adapter ? adapterName(adapter) : 'none'],
    ['CPU threads', String(threads)],
    ['Cross-origin isolated', isIsolated ? 'yes' : 'no'],
    ['Smallest step of the timer', `${formatCount(timerResolution * 1e6)}\u00a0µs`],
    ...(battery
      ? [
          [
            'Battery',
            `${Math.round(battery.level * 100)}\u00a0%, ${battery.isCharging ? 'charging' : 'not charging'}`,
          ] as const,
        ]
      : []),
    ...(environment.userAgent === undefined
      ? []
      : [['User agent', environment.userAgent] as const]),
  ];
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

function run({ data, nudge, seconds, settings }: BenchmarkResult): Entry[] {
  return [
    [
      'Data',
      `${data.name}, ${formatCount(data.trainingCount)} samples for training, ${formatCount(data.testCount)} for testing`,
    ],
    ['SHA-256 of the data', data.sha256],
    [
      'nudge',
      nudge.commit === undefined ? nudge.version : `${nudge.version}, commit ${nudge.commit}`,
    ],
    [
      'Run',
      `${formatCount(seconds)}\u00a0s; ${settings.repeats} repeats of ${settings.repeatSeconds}\u00a0s, seed ${settings.seed}`,
    ],
  ];
}

/** How each backend divided its steps into kernels. */
function plans(result: BenchmarkResult): Entry[] {
  return result.workloads.flatMap((workload) =>
    backendsOf(result).flatMap((backend) => {
      const plan = seriesOf(workload, backend)?.plan;
      return plan === undefined
        ? []
        : [[`Plan of ${workload.name}, ${backendName(backend)}`, plan] as const];
    }),
  );
}
