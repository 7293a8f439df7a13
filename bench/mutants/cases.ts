/** The checks of `nudge check` that run one kernel each, and those of the persistent kernel. */
import { kernelCases, outputsAndCosts } from '../../src/benchmark/verification/kernels.ts';
import {
  checkPersistent,
  type PersistentCase,
} from '../../src/benchmark/verification/persistent.ts';
import type { Device } from '../../src/gpu/device.ts';
import { activations } from '../../src/network/functions.ts';

export interface MutantCase {
  readonly name: string;
  /** The kernel and its main loop: 'forward, tiled'. */
  readonly kernel: string;
  /** Resolves to the largest error relative to its bound. */
  readonly run: (device: Device) => Promise<number>;
}

const loops = /, (simple|tiled|splitK|swapped|textured)\b/;

/** The first words of a case of clipping name its kernel. */
const clipping = /^(sums of squares|clip scale|apply gradients)/;

/** The same cases in every process on one machine. */
export function mutantCases({ adapter }: Device): readonly MutantCase[] {
  const cases = kernelCases(2, adapter.subgroupSize).map(({ name, kernel, run }): MutantCase => {
    const loop = loops.exec(name)?.[1];
    const [base = kernel] = clipping.exec(name) ?? [];
    return { name, kernel: loop === undefined ? base : `${base}, ${loop}`, run };
  });
  return [...cases, ...persistentCases()];
}

function persistentCases(): MutantCase[] {
  const software = { isSoftware: true, subgroupSize: 8 };
  const hardware = { isSoftware: false, subgroupSize: 32 };
  const options: PersistentCase[] = [
    ...activations.map((activation) => ({
      network: { layers: [17, 9, 7, 6], activation },
      adapter: software,
    })),
    ...outputsAndCosts.map(([output, cost]) => ({
      network: { layers: [17, 8, 6], output, cost },
      adapter: hardware,
    })),
    { network: { layers: [17, 8, 6] }, adapter: software, isInfinite: true },
    // The first layer takes the workgroup two turns.
    { network: { layers: [17, 128, 6] }, adapter: software },
  ];
  return options.map((one) => ({
    name: `persistent ${JSON.stringify(one)}`,
    kernel: 'persistent',
    run: (device) => checkPersistent(device, one),
  }));
}
