/** What a trainer does when any call of WebGPU fails, on a GPU that needs no adapter. */
import { createHash } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { adam } from '../../src/engine/optimizers.ts';
import { NoAdapterError, NudgeError, OutOfMemoryError, ShaderError } from '../../src/errors.ts';
import { Device } from '../../src/gpu/device.ts';
import { Trainer } from '../../src/training/trainer.ts';
import { FakeGpu, type FaultKind } from '../support/fakeGpu.ts';
import { loseFakeDevices, network, training } from '../support/fakeLosses.ts';

/** The digest of everything that a trainer gives. It trains, is looked at, and goes on. */
async function everything({ gpu }: FakeGpu, timeoutMs: number): Promise<string> {
  const device = await Device.request({ gpu, timeoutMs });
  try {
    const options = { backend: 'webgpu', device, batchSize: 8, optimizer: adam() } as const;
    const trainer = await Trainer.create(network, options);
    try {
      const given: unknown[] = [];
      const fit = async (steps: number) => {
        for await (const { step, cost } of trainer.fit(training, { steps, reportEvery: 2 })) {
          given.push([step, cost]);
        }
      };
      await fit(7);
      const { step, parameters, moments } = await trainer.snapshot();
      given.push(step, parameters, moments, await trainer.evaluate(training));
      await fit(2);
      given.push((await trainer.network()).parameters);
      return createHash('sha256').update(JSON.stringify(given)).digest('hex');
    } finally {
      await trainer.dispose();
    }
  } finally {
    device.destroy();
  }
}

const undisturbed = await everything(new FakeGpu(), 5000);

/** The outcome, and what is left on devices. */
async function outcomeOf(fake: FakeGpu, timeoutMs: number) {
  const outcome = await everything(fake, timeoutMs).catch((error: unknown) => error);
  expect(fake.liveResources, `after ${fake.failed.join()}`).toBe(0);
  return outcome;
}

/** Time limits in milliseconds. A device that never answers is waited for this long, so that case is short. */
const cases: readonly [FaultKind, number, readonly (new (...args: never[]) => NudgeError)[]][] = [
  ['lost', 5000, []],
  ['silent', 150, []],
  ['rejected', 5000, []],
  ['hangs', 150, []],
  ['validation', 5000, [ShaderError]],
  ['out-of-memory', 5000, [OutOfMemoryError]],
];

/** Most runs only wait, so some run at once. */
const atOnce = 16;

describe('when one call of WebGPU fails, whichever it is', () => {
  it.each(cases)(
    '%s: the trainer gives the same bits, or one typed error, and leaves nothing',
    async (kind, timeoutMs, errors) => {
      const failAt = async (k: number): Promise<boolean> => {
        const fake = new FakeGpu((call) => (call === k ? kind : undefined));
        const outcome = await outcomeOf(fake, timeoutMs);
        const [name] = fake.failed;
        if (name === undefined) return false;
        // Without an adapter or a device there is nothing to go on with.
        const allowed = k <= 2 ? [NoAdapterError] : errors;
        const isRight = outcome === undisturbed || allowed.some((one) => outcome instanceof one);
        expect(isRight, `call ${k}, ${name}: ${String(outcome)}`).toBe(true);
        return true;
      };
      for (let k = 1, isLast = false; !isLast; k += atOnce) {
        const met = await Promise.all(Array.from({ length: atOnce }, (_, n) => failAt(k + n)));
        isLast = met.includes(false);
      }
    },
  );
});

it('a hundred losses at random moments change no bit', async () => {
  const report = await loseFakeDevices(100, 1);
  expect(report).toMatchObject({ wrong: 0, left: 0 });
  expect(report.losses).toBeGreaterThanOrEqual(100);
  // During a creation or a recovery.
  expect(report.inARow).toBeGreaterThan(0);
});
