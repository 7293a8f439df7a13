/**
 * Loses the GPU device of trainers again and again, at random moments, and compares everything that they give with what they
 * give undisturbed. Runs in Node and in a page.
 */
import type { Dataset } from '../../src/data/dataset.ts';
import { digits } from '../../src/data/digits/digits.ts';
import { adam } from '../../src/engine/optimizers.ts';
import { sha256 } from '../../src/formats/sha256.ts';
import { Device } from '../../src/gpu/device.ts';
import { Network } from '../../src/network/network.ts';
import { Random } from '../../src/network/random.ts';
import type { RecoveryEvent } from '../../src/training/recovery.ts';
import { Trainer } from '../../src/training/trainer.ts';

/** Times are in seconds. */
export interface LossReport {
  readonly losses: number;
  /** Those that came before the trainer had given any result since another one. */
  readonly inARow: number;
  /** In which the devices were lost. */
  readonly runs: number;
  /** Runs that gave something else than the undisturbed one. */
  readonly wrong: number;
  readonly longestRecovery: number;
  /** For any promise of a trainer. */
  readonly longestWait: number;
}

/**
 * A trainer survives the loss of three devices in a row, and `Trainer.create` that of two. A third may follow here, for a
 * loss that is under way when a result arrives does not count.
 */
const mostInARow = 2;
/** Losses in a run, roughly. */
const lossesPerRun = 6;
/** Half the losses come up to so many milliseconds after a call, when no call is being made. */
const longestDelayMs = 20;

/** A promise that settles later than this is not waited for. */
const patienceMs = 60_000;

/** Decides when a device is lost. */
export class Fate {
  readonly #random: Random;
  readonly #callsPerLoss: number;
  #callsLeft: number;
  #row = 0;
  calls = 0;
  losses = 0;
  inARow = 0;

  /** @param callsPerLoss calls of WebGPU from a loss to the next, on average; Infinity: nothing is lost */
  constructor(seed: number, callsPerLoss: number) {
    this.#random = new Random(seed, 0);
    this.#callsPerLoss = callsPerLoss;
    this.#callsLeft = this.#drawCalls();
  }

  /** Counts a call of WebGPU. @returns whether its device must be lost */
  meets(): boolean {
    this.calls++;
    if (this.#row === mostInARow || --this.#callsLeft > 0) return false;
    this.#callsLeft = this.#drawCalls();
    if (this.#row++ > 0) this.inARow++;
    return true;
  }

  /** Milliseconds from that call to the loss. */
  drawDelay(): number {
    return this.#random.integer(2) * this.#random.integer(longestDelayMs);
  }

  /** A trainer has given a result. */
  rest(): void {
    this.#row = 0;
  }

  #drawCalls(): number {
    if (this.#callsPerLoss === Infinity) return Infinity;
    return 1 + this.#random.integer(2 * this.#callsPerLoss);
  }
}

interface Task {
  readonly network: Network;
  readonly training: Dataset;
  /** A WebGPU whose devices are lost as `fate` decides, and which counts the losses there. */
  readonly open: (fate: Fate) => GPU;
}

/**
 * @param losses at least so many, in as many runs as that takes
 * @param seed the moments of the losses, as far as they do not depend on the time that the GPU takes
 */
export async function loseDevices(task: Task, losses: number, seed: number): Promise<LossReport> {
  const undisturbed = new Fate(seed, Infinity);
  const expected = await useTrainers(task, undisturbed, false);
  const report = { losses: 0, inARow: 0, runs: 0, wrong: 0, longestRecovery: 0, longestWait: 0 };
  while (report.losses < losses) {
    const fate = new Fate(seed + report.runs, Math.ceil(undisturbed.calls / lossesPerRun));
    const hasOwnDevice = report.runs % 2 === 1;
    const found = await useTrainers(task, fate, hasOwnDevice);
    report.runs++;
    report.losses += fate.losses;
    report.inARow += fate.inARow;
    if (found.digest !== expected.digest) report.wrong++;
    report.longestRecovery = Math.max(report.longestRecovery, found.longestRecovery);
    report.longestWait = Math.max(report.longestWait, found.longestWait);
  }
  return report;
}

/** Everything that a trainer can do: it is created, trains, is looked at, leaves a checkpoint, and another one goes on from it. */
async function useTrainers({ network, training, open }: Task, fate: Fate, hasOwnDevice: boolean) {
  let [longestRecovery, longestWait] = [0, 0];
  const given: unknown[] = [];
  const ask = async <T>(answer: Promise<T>): Promise<T> => {
    const begin = performance.now();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const hanging = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('A promise of a trainer hangs.')), patienceMs);
    });
    const result = await Promise.race([answer, hanging]);
    clearTimeout(timer);
    longestWait = Math.max(longestWait, (performance.now() - begin) / 1000);
    fate.rest();
    return result;
  };
  const gpu = open(fate);
  const device = hasOwnDevice ? await Device.request({ gpu }) : undefined;
  const machine = {
    gpu,
    backend: 'webgpu' as const,
    onRecovery: (event: RecoveryEvent) => {
      if (event.type === 'recovered') longestRecovery = Math.max(longestRecovery, event.seconds);
    },
  };
  const fit = async (
    trainer: Trainer,
    steps: number,
    look?: (step: number) => Promise<unknown>,
  ) => {
    const run = trainer.fit(training, { steps, reportEvery: 3 });
    for (let next; !(next = await ask(run.next())).done;) {
      const { step, epoch, cost, accuracy } = next.value;
      given.push(step, epoch, cost, accuracy, await look?.(step));
    }
  };
  const options = { batchSize: 8, optimizer: adam({ learningRate: 0.01 }), clipNorm: 0.5 };
  const first = await ask(
    Trainer.create(network, { ...options, ...machine, ...(device && { device }) }),
  );
  await ask(first.prepare(training));
  await fit(first, 15, async (step) => {
    if (step === 3) return await ask(first.evaluate(training));
    if (step === 6) return await ask(first.explain(training, 3));
    if (step === 9) return await ask(first.predict(training));
    return step === 12 && (await ask(first.checkpoint()));
  });
  const checkpoint = await ask(first.checkpoint());
  given.push(checkpoint, await ask(first.snapshot()));
  await first.dispose();
  const second = await ask(Trainer.resume(checkpoint, machine));
  await fit(second, 9);
  given.push(await ask(second.explainBatch(training)), await ask(second.evaluate(training)));
  await fit(second, 6);
  given.push((await ask(second.network())).parameters);
  await second.dispose();
  if (device && device.liveBuffers > 0) throw new Error(`${device.liveBuffers} buffers are left.`);
  device?.destroy();
  const text = new TextEncoder().encode(JSON.stringify(given));
  return { digest: await sha256(text), longestRecovery, longestWait };
}

/** Destroys devices of a real WebGPU; see {@link loseDevices}. @param gpu default: the browser's */
export async function loseRealDevices(
  losses: number,
  seed: number,
  gpu: GPU = navigator.gpu,
): Promise<LossReport> {
  const { training } = digits({ trainingCount: 60, testCount: 1 });
  const network = new Network({ layers: [784, 16, 16, 10] });
  const open = (fate: Fate) => fragileGpu(gpu, fate);
  return await loseDevices({ network, training, open }, losses, seed);
}

const deviceCalls = [
  ...(['createBuffer', 'createBindGroup', 'createShaderModule', 'createCommandEncoder'] as const),
  ...(['createComputePipelineAsync', 'pushErrorScope', 'popErrorScope'] as const),
] as const;
const queueCalls = ['submit', 'writeBuffer', 'onSubmittedWorkDone'] as const;

/** A real WebGPU whose devices are destroyed as `fate` decides. */
function fragileGpu(gpu: GPU, fate: Fate): GPU {
  const endanger = (device: GPUDevice) => {
    let isAlive = true;
    const end = () => (isAlive = false);
    device.lost.then(end, end);
    const destroy = device.destroy.bind(device);
    // Not a loss: nudge is done with it.
    const dispose = () => {
      end();
      destroy();
    };
    Object.defineProperty(device, 'destroy', { value: dispose });
    const lose = () => {
      if (!isAlive) return;
      fate.losses++;
      dispose();
    };
    const counted = <T extends object>(owner: T, names: readonly (keyof T)[]) => {
      for (const name of names) {
        const call = owner[name] as (...args: unknown[]) => unknown;
        Object.defineProperty(owner, name, {
          value: (...args: unknown[]) => {
            if (isAlive && fate.meets()) {
              const delay = fate.drawDelay();
              if (delay === 0) lose();
              else setTimeout(lose, delay);
            }
            return call.apply(owner, args);
          },
        });
      }
    };
    counted(device, deviceCalls);
    counted(device.queue, queueCalls);
    return device;
  };
  const requestAdapter: GPU['requestAdapter'] = async (options) => {
    const adapter = await gpu.requestAdapter(options);
    return (
      adapter &&
      ({
        ...{ info: adapter.info, features: adapter.features, limits: adapter.limits },
        requestDevice: async (descriptor) => endanger(await adapter.requestDevice(descriptor)),
      } as GPUAdapter)
    );
  };
  return { requestAdapter } as GPU;
}
