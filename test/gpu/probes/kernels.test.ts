/** The probes' kernels against plain loops: what they are timed for is what they do. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { count } from '../../../shaders/probes/count.ts';
import { multiplyAdd, multiplyAddsPerInvocation } from '../../../shaders/probes/multiplyAdd.ts';
import { read } from '../../../shaders/probes/read.ts';
import { copy, fill } from '../../../shaders/probes/stream.ts';
import { floats, runKernel } from '../../../src/benchmark/verification/kernelRunner.ts';
import { Device } from '../../../src/gpu/device.ts';
import { multiplyAddResult } from '../../../src/gpu/probes/arithmetic.ts';
import { readResult } from '../../../src/gpu/probes/memory.ts';
import { testGpu } from '../../setup/adapter.ts';

let device: Device;
beforeAll(async () => {
  device = await Device.request({ gpu: await testGpu() });
});
afterAll(() => device.destroy());

const shapes = [1, 4].flatMap((width) => [2, 8, 16].map((chains) => ({ width, chains })));

describe('multiply-adds', () => {
  const invocations = 40;
  const run = async (width: number, chains: number, m: number, c: number) => {
    const options = { width: width as 1 | 4, chains, invocations, workgroupSize: 16 };
    const contents = { factors: Float32Array.of(m, c), results: { poisoned: invocations } };
    const results = await runKernel(device, multiplyAdd(options), contents);
    return floats(results.get('results')!);
  };

  it.each(shapes)('count themselves: $chains chains of width $width', async (shape) => {
    const { width, chains } = shape;
    const results = await run(width, chains, 1, 1);
    const perNumber = multiplyAddsPerInvocation / (width * chains);
    results.forEach((found, invocation) => {
      let expected = 0;
      for (let i = 0; i < width * chains; i++) expected += (invocation % 16) + i + perNumber;
      expect(found).toBe(expected);
      expect(
        multiplyAddResult({ width: width as 1 | 4, chains, workgroupSize: 16 }, invocation),
      ).toBe(expected);
    });
  });

  it.each(shapes)('are x ← m·x + c in float32: $chains chains of width $width', async (shape) => {
    const { width, chains } = shape;
    // Contracting, so that roundings do not pile up: x comes near c / (1 − m) = 1024.
    const m = 1 - 2 ** -10;
    const c = 1;
    const results = await run(width, chains, m, c);
    const perNumber = multiplyAddsPerInvocation / (width * chains);
    results.forEach((found, invocation) => {
      let expected = 0;
      for (let i = 0; i < width * chains; i++) {
        const start = (invocation % 16) + i;
        expected += m ** perNumber * start + (c * (1 - m ** perNumber)) / (1 - m);
      }
      // A rounding of at most 2⁻²⁴·1024 each time, which later ones shrink: no more than 1024 of them add up.
      const bound = width * chains * (1024 * 2 ** -24 * 1024) + expected * 2 ** -20;
      expect(Math.abs(found - expected)).toBeLessThan(bound);
      expect(bound).toBeLessThan(expected / 50);
    });
  });
});

it('count adds one', async () => {
  const results = await runKernel(device, count(), { counter: Uint32Array.of(41) });
  expect(results.get('counter')).toEqual(Uint32Array.of(42));
});

describe('memory', () => {
  const vec4s = 256;
  const filled = Uint32Array.from({ length: 4 * vec4s }, (_, word) => Math.imul(word, 0x9e3779b1));

  it('is filled with numbers that differ everywhere', async () => {
    const kernel = fill({ vec4s, workgroupSize: 16 });
    const results = await runKernel(device, kernel, { data: { poisoned: 4 * vec4s } });
    expect(results.get('data')).toEqual(filled);
    expect(new Set(filled).size).toBe(filled.length);
  });

  it('is copied from end to end', async () => {
    const kernel = copy({ vec4s, workgroupSize: 16 });
    const contents = { data: filled, copies: { poisoned: 4 * vec4s } };
    const results = await runKernel(device, kernel, contents);
    expect(results.get('copies')).toEqual(filled);
  });

  it.each([
    ['larger than the grid', 32, 8],
    ['as large as the grid', 256, 16],
    ['smaller than the grid', 512, 8],
  ])('%s is read as often as said', async (_, invocations, loads) => {
    const options = { vec4s, invocations, loads, workgroupSize: 16 };
    const contents = { data: filled, sums: { poisoned: 4 * invocations } };
    const sums = (await runKernel(device, read(options), contents)).get('sums')!;
    for (let invocation = 0; invocation < invocations; invocation++) {
      const expected = new Uint32Array(4);
      for (let load = 0; load < loads; load++) {
        const unit = (invocation + load * (invocations + 16)) % vec4s;
        for (let word = 0; word < 4; word++) expected[word]! += filled[4 * unit + word]!;
      }
      expect(sums.subarray(4 * invocation, 4 * invocation + 4)).toEqual(expected);
      expect(readResult(options, invocation)).toEqual(expected);
    }
  });
});
