/** What Node is and runs on, for a benchmark's result: what src/page/jobs/pageEnvironment.ts is for a browser. */
import { availableParallelism, cpus, machine, type } from 'node:os';

import type { HostEnvironment } from '../benchmark/runBenchmark.ts';

/** @param webgpu version of the package `webgpu`, where it is installed */
export function readNodeEnvironment(webgpu: string | undefined): HostEnvironment {
  const dawn = webgpu === undefined ? '' : ` with webgpu ${webgpu}`;
  return {
    runtime: 'node',
    name: `Node ${process.versions.node}${dawn}`,
    system: `${systems[type()] ?? type()} ${machine()}`,
    threads: availableParallelism(),
    // Node has what isolation gives a page: memory that threads share, and a precise clock.
    isIsolated: true,
  };
}

/** The processor, as the system names it, and how many of its cores this process may use. */
export function processorName(): string {
  const model = cpus()[0]?.model.trim() ?? '';
  return `${model === '' ? 'an unknown processor' : model}, ${availableParallelism()} cores`;
}

/** Names by which people know systems; others are known by the names that they give themselves. */
const systems: Readonly<Record<string, string>> = { Darwin: 'macOS', Windows_NT: 'Windows' };
