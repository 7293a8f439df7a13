/** The kernels that probe an adapter, each in the shapes that it is used in and a small one. */
import type { Kernel } from '../../shaders/kernel.ts';
import { count } from '../../shaders/probes/count.ts';
import { multiplyAdd } from '../../shaders/probes/multiplyAdd.ts';
import { read } from '../../shaders/probes/read.ts';
import { copy, fill } from '../../shaders/probes/stream.ts';

export function probeVariants(): Kernel[] {
  return [
    count(),
    ...[2 ** 10, 2 ** 23].flatMap((vec4s) => [
      fill({ vec4s, workgroupSize: 64 }),
      copy({ vec4s, workgroupSize: 64 }),
      read({ vec4s, invocations: vec4s / 32, loads: 32, workgroupSize: 64 }),
    ]),
    ...([1, 4] as const).flatMap((width) =>
      [2, 8, 16].map((chains) =>
        multiplyAdd({ width, chains, invocations: 2 ** 20, workgroupSize: 64 }),
      ),
    ),
  ];
}
