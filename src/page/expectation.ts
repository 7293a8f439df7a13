/** How long a run will take, said before anybody presses the button. */
import type { BenchmarkSettings } from '../benchmark/runBenchmark.ts';
import { findWorkload, quickWorkloads, workloads, type Workload } from '../benchmark/workloads.ts';
import { countParameters } from '../network/parameters.ts';

export interface Expectation extends BenchmarkSettings {
  readonly gpu: 'hardware' | 'software' | 'none';
}

/** Seconds a side takes for a workload beside its repeats: compiling, loading, warming up, evaluating. */
const aroundSeconds = { cpu: 1, hardware: 1.5, software: 5 } as const;
/** Seconds for the network's reference, its gradient in float64, for each million parameters. */
const referenceSeconds = 1;
/** Steps that a repeat has at least, however long they take, and parameters that a sample's step takes a second for. */
const rates = { cpu: 4e9, hardware: 4e10, software: 5e8 } as const;
/** Training up to an accuracy, for each side. */
const accuracySeconds = { cpu: 4, hardware: 4, software: 20 } as const;
/** Generating the data, and measuring the adapter. */
const onceSeconds = 4;

/** Seconds that the whole run will take, within a factor of two or so, which is what "about" means here. */
export function expectedSeconds(expectation: Expectation): number {
  const { gpu, quick = false, repeats = 10, repeatSeconds = quick ? 0.1 : 0.3 } = expectation;
  const sides = (expectation.sides ?? ['webgpu', 'cpu', 'cpu-1']).filter(
    (side) => side !== 'webgpu' || gpu !== 'none',
  );
  const chosen = chooseWorkloads(expectation);
  let seconds = onceSeconds;
  for (const side of sides) {
    const kind = side === 'webgpu' && gpu !== 'none' ? gpu : 'cpu';
    for (const { network, batchSize } of chosen) {
      const step = (batchSize * countParameters(network.layers)) / rates[kind];
      seconds += aroundSeconds[kind] + repeats * Math.max(repeatSeconds, step);
    }
    if (!quick) seconds += accuracySeconds[kind];
  }
  if (gpu !== 'none') {
    const parameters = chosen.reduce(
      (sum, { network }) => sum + countParameters(network.layers),
      0,
    );
    seconds += (referenceSeconds * parameters) / 1e6;
  }
  return seconds;
}

/** What such a run trains. */
export function chooseWorkloads({ workloads: names, quick, gpu }: Expectation): Workload[] {
  const wanted = names ?? (quick === true ? quickWorkloads : undefined);
  if (wanted) return wanted.flatMap((name) => findWorkload(name) ?? []);
  return workloads.filter(({ needsHardware }) => gpu === 'hardware' || needsHardware !== true);
}
