import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { tunePlan } from '../../../../src/benchmark/tunePlan.ts';
import { planChecker } from '../../../../src/benchmark/verification/plan.ts';
import {
  sameBits,
  trainGpu,
  trainReference,
  trajectoryShare,
} from '../../../../src/benchmark/verification/trajectories.ts';
import { ConfigurationError, ShaderError } from '../../../../src/errors.ts';
import { Device } from '../../../../src/gpu/device.ts';
import { choosePlan } from '../../../../src/gpu/plan/choose.ts';
import type { Plan } from '../../../../src/gpu/plan/plan.ts';
import { planTarget, requirePlan } from '../../../../src/gpu/plan/check.ts';
import { candidatesFor, tileQuestions } from '../../../../src/gpu/plan/tuning/candidates.ts';
import { memoryPlanCache } from '../../../../src/gpu/plan/storageCache.ts';
import type { LedgerEntry } from '../../../../src/gpu/plan/tuning/ledger.ts';
import { tune, type TuneProgress } from '../../../../src/gpu/plan/tuning/tuner.ts';
import { Passes } from '../../../../src/gpu/program.ts';
import { Network } from '../../../../src/network/network.ts';
import { adam, sgd } from '../../../../src/engine/optimizers.ts';
import { testGpu } from '../../../setup/adapter.ts';
import { failureOf } from '../../../support/failure.ts';
import { randomDataset, testRandom } from '../../../support/networks.ts';

let device: Device;
beforeAll(async () => {
  device = await Device.request({ gpu: await testGpu(), timeoutMs: 60_000 });
});
afterAll(() => device.destroy());

const network = new Network({ layers: [30, 12, 10], seed: 1 });
const batchSize = 20;
const optimizer = sgd({ learningRate: 0.5, momentum: 0.9 });
const fine = () => Promise.resolve(0.5);

/** A timer that really runs what it is given, and then says that it took as long as `seconds` says. */
function pretending(seconds: (dispatches: number) => number) {
  return {
    emptySeconds: 0,
    minSeconds: 1e-9,
    run: async (record: (passes: Passes) => void) => {
      let dispatches = 0;
      const encoder = device.gpu.createCommandEncoder();
      const begin = encoder.beginComputePass.bind(encoder);
      encoder.beginComputePass = (descriptor) => {
        const pass = begin(descriptor);
        const dispatch = pass.dispatchWorkgroups.bind(pass);
        pass.dispatchWorkgroups = (...grid: Parameters<typeof dispatch>) => {
          dispatches++;
          dispatch(...grid);
        };
        return pass;
      };
      const passes = new Passes(encoder, 'test');
      record(passes);
      passes.end();
      device.gpu.queue.submit([encoder.finish()]);
      await device.gpu.queue.onSubmittedWorkDone();
      return seconds(dispatches);
    },
  };
}

describe('tuning', () => {
  it('gives a valid plan with which training comes to what the reference comes to', async () => {
    const planCache = memoryPlanCache('test');
    const { plan, step, decisions, ended, isDefault } = await tunePlan(device, network, {
      ...{ batchSize, optimizer, budgetMs: 1500, planCache },
    });
    expect(requirePlan(plan, network, batchSize, planTarget(device))).toBe(plan);
    expect(['complete', 'budget']).toContain(ended);
    expect(step.tuned).toBeLessThanOrEqual(step.default);
    expect(isDefault).toBe(step.tuned === step.default);
    for (const { dropped } of decisions) expect(dropped).toEqual([]);
    expect(planCache.entries.size).toBe(1);
    expect(device.liveBuffers).toBe(0);
    await expectRight(plan);
  });

  it('prefers what is faster, by what its timer says', async () => {
    // Of a network with few candidates, each of which is compiled, and whose first layer is too large for software
    // adapters' plans to take it back and forth with the others.
    const small = new Network({ layers: [260, 16, 10], seed: 1 });
    // Each dispatch takes as long as any other, so that the fewest win.
    const timer = pretending((dispatches) => dispatches);
    const progress: TuneProgress[] = [];
    const { plan, isDefault, step, ended, decisions } = await tune(device, small, fine, {
      ...{ batchSize, optimizer, timer, budgetMs: 600_000 },
      onProgress: (one) => progress.push(one),
    });
    expect(ended).toBe('complete');
    expect(progress.map(({ what }) => what.split(':')[0])).toContain('update of layer 0');
    for (const { done, ratio } of progress) {
      expect(done).toBeLessThanOrEqual(1);
      expect(ratio).toBeGreaterThanOrEqual(1);
    }
    expect(plan.fused?.from ?? 0).toBe(0);
    const original = choosePlan(small, batchSize, device.adapter);
    if (original.fused?.from !== 0) {
      expect(isDefault).toBe(false);
      expect(step.tuned).toBeLessThan(step.default);
      expect(decisions[0]).toMatchObject({ question: 'dispatches', isAccepted: true });
    }
    await expectRight(plan, small);
  });

  it('leaves the default plan where all take the same time', async () => {
    const timer = pretending(() => 1);
    const given = { batchSize, optimizer: adam({ learningRate: 0.01 }), clipNorm: 1 };
    const small = new Network({ layers: [9, 5] });
    const tuning = await tune(device, small, fine, { ...given, timer, budgetMs: 600_000 });
    expect(tuning.isDefault).toBe(true);
    expect(tuning.plan).toEqual(choosePlan(small, batchSize, device.adapter));
  });

  it('drops candidates that are wrong or do not compile, says why, and measures none of them', async () => {
    const timer = pretending((dispatches) => dispatches);
    let asked = 0;
    const check = () => {
      if (asked++ % 2 === 0) return Promise.resolve(7);
      return Promise.reject(new ShaderError('Kernel does not compile'));
    };
    const tuning = await tune(device, network, check, {
      ...{ batchSize, optimizer, timer, budgetMs: 600_000 },
    });
    expect(tuning.isDefault).toBe(true);
    const dropped = tuning.decisions.flatMap((decision) => decision.dropped);
    expect(dropped.length).toBe(asked);
    expect(dropped.map(({ why }) => why)).toContain(
      'the error of its gradient is 7.0 times the tolerance for rounding',
    );
    expect(dropped.map(({ why }) => why)).toContain('Kernel does not compile');
    for (const { tried } of tuning.decisions) expect(tried).toBe(0);
  });

  it('passes on what is no candidate’s fault, and leaves no buffer', async () => {
    const fault = new TypeError('a bug');
    const tuning = tune(device, network, () => Promise.reject(fault), {
      ...{ batchSize, optimizer, budgetMs: 600_000 },
    });
    expect(await failureOf(tuning, TypeError)).toBe(fault);
    expect(device.liveBuffers).toBe(0);
  });

  it('ends with the best so far when it is stopped', async () => {
    const abort = new AbortController();
    const tuning = await tune(device, network, fine, {
      ...{ batchSize, optimizer, budgetMs: 600_000, signal: abort.signal },
      onProgress: () => abort.abort(),
    });
    expect([tuning.ended, tuning.isDefault]).toEqual(['signal', true]);
    expect(device.liveBuffers).toBe(0);
  });

  it('goes on from what was measured before, to the same plan, and measures nothing of it again', async () => {
    const small = new Network({ layers: [9, 5] });
    const run = async (known: readonly LedgerEntry[], stopAfter = Infinity) => {
      const measured: LedgerEntry[] = [];
      const stop = new AbortController();
      const tuning = await tune(device, small, fine, {
        ...{ batchSize, optimizer, budgetMs: 600_000, signal: stop.signal, known },
        timer: pretending((dispatches) => dispatches),
        onMeasured: (entry) => {
          measured.push(entry);
          if (measured.length === stopAfter) stop.abort();
        },
      });
      return { tuning, measured };
    };
    const what = ({ key, found }: LedgerEntry) => ({ key, found });
    const whole = await run([]);
    expect(whole.tuning.ended).toBe('complete');
    const count = whole.measured.length;
    expect(count).toBeGreaterThan(10);
    for (const stopAfter of [1, Math.floor(count / 2)]) {
      const first = await run([], stopAfter);
      expect([first.tuning.ended, first.measured.length]).toEqual(['signal', stopAfter]);
      const known = JSON.parse(JSON.stringify(first.measured)) as LedgerEntry[];
      const { tuning, measured } = await run(known);
      expect([...first.measured, ...measured].map(what)).toEqual(whole.measured.map(what));
      const { plan, isDefault, decisions, ended } = whole.tuning;
      expect(tuning).toMatchObject({ plan, isDefault, decisions, ended });
      expect(measured[0]!.at).toBeGreaterThanOrEqual(known.at(-1)!.at);
    }
  });

  it('counts the time of before: with a budget that is spent, nothing more is measured', async () => {
    const measured: LedgerEntry[] = [];
    const given = { batchSize, optimizer, timer: pretending(() => 1) };
    const onMeasured = (entry: LedgerEntry) => measured.push(entry);
    await tune(device, network, fine, { ...given, budgetMs: 200, onMeasured });
    const before = measured.length;
    const known = measured.map((entry) => ({ ...entry, at: 200 }));
    const { ended } = await tune(device, network, fine, {
      ...given,
      budgetMs: 200,
      known,
      onMeasured,
    });
    expect([ended, measured.length]).toEqual(['budget', before]);
  });

  it('ends when the page is hidden', async () => {
    let looks = 0;
    const tuning = await tune(device, network, fine, {
      ...{ batchSize, optimizer, budgetMs: 600_000, isHidden: () => looks++ > 2 },
    });
    expect(tuning.ended).toBe('hidden');
  });

  it('ends with its budget', async () => {
    const tuning = await tune(device, network, fine, { batchSize, optimizer, budgetMs: 1 });
    expect([tuning.ended, tuning.isDefault]).toEqual(['budget', true]);
  });

  it.each([0, -1, Number.NaN])('refuses a budget of %s ms', async (budgetMs) => {
    const tuning = tune(device, network, fine, { batchSize, optimizer, budgetMs });
    expect((await failureOf(tuning, ConfigurationError)).message).toContain(`got ${budgetMs}`);
  });

  it('nothing is kept of a tuning that was stopped before it found anything', async () => {
    const planCache = memoryPlanCache('test');
    await tunePlan(device, network, {
      ...{ batchSize, optimizer, planCache, signal: AbortSignal.abort() },
    });
    expect(planCache.entries.size).toBe(0);
  });
});

const steps = 3;

/** The plan trains to the reference's parameters, and to the same bits twice. */
async function expectRight(plan: Plan, of = network): Promise<void> {
  const [inputs] = of.layers;
  const data = randomDataset(testRandom(3), 3 * batchSize - 7, inputs!, 10);
  const given = { network: of, batchSize, optimizer };
  const once = await trainGpu(device, { ...given, plan }, data, steps);
  expect(trajectoryShare(of, once, await trainReference(given, data, steps))).toBeLessThanOrEqual(
    1,
  );
  expect(sameBits(once, await trainGpu(device, { ...given, plan }, data, steps))).toBe(0);
}

describe('the check of a plan', () => {
  it('finds every candidate right, each with its own tiles', async () => {
    const plan = choosePlan(network, batchSize, device.adapter);
    const target = planTarget(device);
    const check = planChecker(device, network, batchSize);
    const questions = [{ kind: 'fused' }, { kind: 'workgroups' }, ...tileQuestions(plan)] as const;
    const candidates = questions.flatMap((question) =>
      candidatesFor(question, plan, network, target).slice(0, 2),
    );
    expect(candidates.length).toBeGreaterThan(6);
    for (const candidate of candidates) {
      expect(await check(candidate.plan), candidate.name).toBeLessThanOrEqual(1);
    }
    expect(device.liveBuffers).toBe(0);
  });

  it('finds out a kernel that leaves out a part of its sums', async () => {
    const broken = await Device.request({ gpu: await testGpu() });
    const create = broken.gpu.createShaderModule.bind(broken.gpu);
    Object.defineProperty(broken.gpu, 'createShaderModule', {
      value: ({ code, ...rest }: GPUShaderModuleDescriptor) =>
        create({ ...rest, code: code.replace('var k4 = 0u', 'var k4 = 1u') }),
    });
    const plan = choosePlan(network, batchSize, broken.adapter);
    expect(await planChecker(broken, network, batchSize)(plan)).toBeGreaterThan(1);
    broken.destroy();
  });
});
