/** How `auto` compares two engines, on a clock of their own. */
import { afterEach, describe, expect, it, vi } from 'vitest';

import { OutOfMemoryError } from '../../src/errors.ts';
import { Network } from '../../src/network/network.ts';
import { compareEngines, type Comparison } from '../../src/training/createFastest.ts';
import type { Engine, StepMetrics } from '../../src/engine/engine.ts';
import { testRandom } from '../support/networks.ts';

const network = new Network({ layers: [784, 16, 10] });

afterEach(() => {
  vi.restoreAllMocks();
});

/**
 * @param stepMs milliseconds of a step of each engine, at a time in milliseconds
 * @param slow milliseconds of steps that are not settled yet, or not warm
 */
async function compare(
  stepMs: { readonly gpu: (now: number) => number; readonly cpu: (now: number) => number },
  seed = 1,
): Promise<Comparison & { readonly ms: number }> {
  const random = testRandom(seed);
  let now = 0;
  // A look takes a microsecond.
  vi.spyOn(performance, 'now').mockImplementation(() => (now += 0.001));
  const engine = (backend: 'gpu' | 'cpu') => {
    let isSettled = false;
    let warm = 0;
    return {
      plan: 'simd, 2 threads',
      load: vi.fn(() => Promise.resolve()),
      settle: () => {
        isSettled = true;
        return Promise.resolve();
      },
      beginEpoch: vi.fn(),
      run: (steps: number) => {
        // Before all is compiled and warm, steps take long.
        const factor = !isSettled ? 100 : warm++ < 3 ? 5 : 1 + 0.06 * random.uniform();
        now += steps * stepMs[backend](now) * factor;
        return Promise.resolve({} as StepMetrics);
      },
    } as unknown as Engine;
  };
  const gpu = { engine: engine('gpu'), name: 'a GPU' };
  const comparison = await compareEngines(gpu, engine('cpu'), network, 100);
  vi.restoreAllMocks();
  return { ...comparison, ms: now };
}

const always = (ms: number) => () => ms;

describe('auto', () => {
  it.each([
    ['webgpu', 0.1, 0.3],
    ['webgpu', 0.1, 0.12],
    ['cpu', 0.12, 0.1],
    ['cpu', 5, 0.05],
    ['webgpu', 0.05, 200],
  ] as const)(
    'takes %s where a step takes %s ms on the GPU and %s on the CPU',
    async (expected, gpu, cpu) => {
      for (let seed = 1; seed <= 3; seed++) {
        const { backend } = await compare({ gpu: always(gpu), cpu: always(cpu) }, seed);
        expect(backend).toBe(expected);
      }
    },
  );

  it('gives a tie to the GPU, and says why', async () => {
    const { backend, why } = await compare({ gpu: always(0.1), cpu: always(0.1) });
    expect(backend).toBe('webgpu');
    expect(why).toMatch(/; a tie, and the GPU leaves the CPU cores free$/);
  });

  it('says both rates with their intervals', async () => {
    const { why } = await compare({ gpu: always(1), cpu: always(0.1) });
    const [, gpu, cpu] =
      /^(\d+) \(\d+ to \d+\) steps\/s on a GPU, (\d+) \(\d+ to \d+\) on the CPU \(simd, 2 threads\)$/
        .exec(why)!
        .map(Number);
    expect(gpu! / 1000).toBeCloseTo(0.97, 1);
    expect(cpu! / 10_000).toBeCloseTo(0.97, 1);
  });

  it.each([
    [
      'the CPU is taken for half of the time',
      (ms: number) => (ms % 100 < 50 ? 1 : 0.15),
      always(0.1),
    ],
    ['the GPU stalls now and then', always(0.15), (ms: number) => (ms % 170 < 26 ? 3 : 0.1)],
  ])('takes the faster though %s', async (_, cpu, gpu) => {
    expect((await compare({ gpu, cpu })).backend).toBe('webgpu');
  });

  it('decides within half a second or so, sooner where the matter is clear', async () => {
    const begin = 200;
    expect((await compare({ gpu: always(1), cpu: always(1) })).ms).toBeLessThan(600 + begin);
    expect((await compare({ gpu: always(0.5), cpu: always(1) })).ms).toBeLessThan(200 + begin);
  });

  it('takes the GPU where the CPU engine cannot hold the data', async () => {
    const failing = { load: () => Promise.reject(new OutOfMemoryError('No room.')) };
    const working = {
      load: () => Promise.resolve(),
      beginEpoch: vi.fn(),
      run: () => new Promise((resolve) => setTimeout(resolve, 10)),
    };
    const gpu = { engine: working as unknown as Engine, name: 'a GPU' };
    expect(await compareEngines(gpu, failing as unknown as Engine, network, 100)).toEqual({
      backend: 'webgpu',
      why: 'No room.',
    });
  });
});
