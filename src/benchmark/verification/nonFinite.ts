/**
 * Checks that no NaN and no infinity gets lost: a NaN passes through every function to the cost, and an infinite gradient
 * norm gives the scale 0. Shader compilers may assume finite numbers and remove such paths.
 */
import { forward } from '../../../shaders/forward.ts';
import { hiddenDelta } from '../../../shaders/hiddenDelta.ts';
import { clipScale } from '../../../shaders/clip.ts';
import { outputDelta } from '../../../shaders/outputDelta.ts';
import { score } from '../../../shaders/score.ts';
import type { Device } from '../../gpu/device.ts';
import type { Activation, Cost, Output } from '../../network/functions.ts';
import { floats, runKernel } from './kernelRunner.ts';
import { Worst } from './samples.ts';

const tile = { loop: 'simple', rows4: 1, columns4: 1, workgroupSize: 16 } as const;

/** @returns 0 if all are NaN, otherwise Infinity */
function requireNaN(values: Iterable<number>): number {
  const worst = new Worst();
  for (const value of values) worst.note(Number(Number.isNaN(value)), 1, 0);
  return worst.share;
}

/** A NaN in the inputs of a layer is in all its outputs. */
export async function checkNanForward(device: Device, activation: Activation): Promise<number> {
  const layer = {
    ...{ inputs: 4, outputs: 4, activation, inputAt: 0 },
    ...{ outputAt: 4, preactivationAt: 8, parametersAt: 0 },
  };
  const result = await runKernel(device, forward({ layer, batchSize: 1, tile }), {
    parameters: new Float32Array(20).fill(1, 0, 16),
    activations: Float32Array.of(1, Number.NaN, 1, 1, ...new Float32Array(44)),
  });
  return requireNaN(floats(result.get('activations')!).subarray(16, 20));
}

/** A NaN in a pre-activation is in the delta of its neuron. Slopes from a need not keep it, since the cost has it. */
export async function checkNanSlope(device: Device, activation: Activation): Promise<number> {
  const before = { activation, outputAt: 0, preactivationAt: 0, deltaAt: 4 };
  const layer = { inputs: 4, outputs: 4, deltaAt: 0, parametersAt: 0 };
  const result = await runKernel(device, hiddenDelta({ before, layer, batchSize: 1, tile }), {
    parameters: new Float32Array(20).fill(1),
    activations: new Float32Array(16).fill(Number.NaN, 0, 4),
    deltas: new Float32Array(32).fill(1),
  });
  return requireNaN(floats(result.get('deltas')!).subarray(16, 20));
}

/** A NaN in an output is in the cost, in training and in evaluation. */
export async function checkNanCost(device: Device, output: Output, cost: Cost): Promise<number> {
  const layer = { outputs: 6, outputAt: 0, deltaAt: 0 };
  const options = { layer, output, cost, batchSize: 1, workgroupSize: 16 };
  const found: number[] = [];
  for (const wrong of [0, 2, 5]) {
    const z = new Float32Array(32);
    z.set([1, 2, 3, 4, 5, 6]);
    z[wrong] = Number.NaN;
    const contents = {
      activations: z,
      labels: Uint32Array.of(1),
      order: Uint32Array.of(0),
      counter: Uint32Array.of(0, 1),
      settings: Uint32Array.of(1, 0, 0, 0),
    };
    const trained = await runKernel(device, outputDelta(options), {
      ...contents,
      deltas: new Float32Array(32),
      metrics: new Float32Array(8),
    });
    const scored = await runKernel(device, score(options), {
      ...contents,
      outputs: new Float32Array(32),
      costs: new Float32Array(4),
      confusion: new Uint32Array(36),
    });
    found.push(floats(trained.get('metrics')!)[0]!, floats(scored.get('costs')!)[0]!);
  }
  return requireNaN(found);
}

/** The scale of a gradient whose norm is not finite is 0. */
export async function checkInfiniteClipScale(device: Device): Promise<number> {
  const worst = new Worst();
  // The last overflows in the sum.
  for (const squares of [
    [1, Infinity, 1, 1],
    [1, 1, Number.NaN, 1],
    [3e38, 1, 1, 3e38],
  ]) {
    const result = await runKernel(device, clipScale({ sums: 4, clipNorm: 1 }), {
      squares: Float32Array.from(squares),
      scale: { poisoned: 1 },
    });
    worst.note(floats(result.get('scale')!)[0]!, 0, 0);
  }
  return worst.share;
}
