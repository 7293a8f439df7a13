/** Describes Node and its machine for a benchmark's result, as src/page/jobs/pageEnvironment.ts does for a browser. */
import { availableParallelism, cpus, machine, type } from 'node:os';

import type { HostEnvironment } from '../benchmark/runBenchmark.ts';

/** @param webgpu version of the package `webgpu`, if it is installed */
export function readNodeEnvironment(webgpu: string | undefined): HostEnvironment {
  const dawn = webgpu === undefined ? '' : ` with webgpu ${webgpu}`;
  return {
    runtime: 'node',
    name: `Node ${process.versions.node}${dawn}`,
    system: `${systems[type()] ?? type()} ${machine()}`,
    threads: availableParallelism(),
    // Node always has shared memory and a precise clock, which a page has only if it is isolated.
    isIsolated: true,
  };
}

/** The system's name for the processor, and the number of cores that this process may use. */
export function processorName(): string {
  const model = cpus()[0]?.model.trim() ?? '';
  return `${model === '' ? 'an unknown processor' : model}, ${availableParallelism()} cores`;
}

/** Common names of systems whose own name differs. */
const systems: Readonly<Record<string, string>> = { Darwin: 'macOS', Windows_NT: 'Windows' };
