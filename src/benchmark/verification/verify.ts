/** Checks the GPU's results on the user's machine. */
import type { Dataset } from '../../data/dataset.ts';
import { sliceDataset } from '../../data/dataset.ts';
import { ConfigurationError, DeviceLostError } from '../../errors.ts';
import type { AdapterDescription } from '../../gpu/adapter.ts';
import { Device } from '../../gpu/device.ts';
import type { GpuEngineOptions } from '../../gpu/engine.ts';
import { planTarget } from '../../gpu/plan/check.ts';
import { asError } from '../../gpu/watch.ts';
import { Network } from '../../network/network.ts';
import { presets } from '../../network/presets.ts';
import type { EngineOptions } from '../../engine/engine.ts';
import { adamW, sgd } from '../../engine/optimizers.ts';
import { cosineDecay } from '../../engine/schedules.ts';
import { checkGradient } from './gradient.ts';
import { kernelCases, kernelNames } from './kernels.ts';
import { checkPlanCase, drawPlanCase, planCaseText } from './plans.ts';
import { Samples } from './samples.ts';
import { sameBits, trainCpu, trainGpu, trainReference, trajectoryShare } from './trajectories.ts';

export interface VerifyOptions {
  readonly gpu?: GPU | undefined;
  /** At least 1000 training samples with 784 features each. */
  readonly data: Dataset;
  /** Draws of each kernel variant. Default 2. */
  readonly rounds?: number | undefined;
  /** Fraction of each kernel's cases to run, above 0 and up to 1. At least one case of each kernel runs. Default 1. */
  readonly fraction?: number | undefined;
  /** Number of accepted random plans to check. Default 0. */
  readonly plans?: number | undefined;
  readonly seed?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?:
    ((progress: { readonly done: number; readonly check: string }) => void) | undefined;
}

export interface Check {
  readonly name: string;
  readonly cases: number;
  /** The largest error relative to the tolerance; 1 or less passes. */
  readonly worst: number;
  readonly passed: boolean;
  /** The first case that failed. */
  readonly failed?: string;
}

export interface VerificationReport {
  readonly adapter: AdapterDescription;
  readonly checks: readonly Check[];
  readonly passed: boolean;
}

interface Case {
  /** A drawn plan gets its full name when it runs. */
  readonly name: string;
  readonly run: () => Promise<number>;
}

/**
 * Runs every check on the adapter of this machine.
 * @throws {ConfigurationError} if `fraction` or `plans` is out of range
 * @throws {NoAdapterError} without an adapter
 * @throws the signal's reason
 */
export async function verify(options: VerifyOptions): Promise<VerificationReport> {
  const { fraction = 1, plans = 0 } = options;
  if (!(fraction > 0 && fraction <= 1)) {
    throw new ConfigurationError(
      `fraction must be above 0 and at most 1; got ${fraction}. Use 1 for all cases.`,
    );
  }
  if (!(Number.isSafeInteger(plans) && plans >= 0)) {
    throw new ConfigurationError(`plans must be a non-negative integer; got ${plans}. Try 100.`);
  }
  const device = await Device.request({ ...(options.gpu && { gpu: options.gpu }) });
  try {
    const groups = [
      ...kernelGroups(device, options),
      ...planGroups(device, options),
      ...trainingGroups(device, options.data),
    ];
    const total = groups.reduce((sum, [, cases]) => sum + cases.length, 0);
    const checks: Check[] = [];
    let done = 0;
    for (const [name, cases] of groups) {
      let worst = 0;
      let failed: string | undefined;
      for (const one of cases) {
        options.signal?.throwIfAborted();
        options.onProgress?.({ done: done++ / total, check: name });
        const share = await one.run();
        if (!(share <= 1)) failed ??= one.name;
        worst = Math.max(worst, share);
      }
      const passed = failed === undefined;
      checks.push({ name, cases: cases.length, worst, passed, ...(failed && { failed }) });
    }
    const passed = checks.every((check) => check.passed);
    return { adapter: device.adapter, checks, passed };
  } finally {
    device.destroy();
  }
}

function kernelGroups(device: Device, options: VerifyOptions): [string, Case[]][] {
  const { rounds = 2, fraction = 1, seed = 1 } = options;
  const all = kernelCases(rounds, device.adapter.subgroupSize, seed);
  // The previous seeds have drawn the cases.
  const draw = new Samples(seed + rounds, 'random');
  return kernelNames.map((kernel) => {
    const cases = all.filter((one) => one.kernel === kernel);
    const some = draw.some(cases, Math.ceil(fraction * cases.length));
    return [
      `kernel '${kernel}' against float64`,
      some.map(({ name, run }) => ({ name, run: () => run(device) })),
    ];
  });
}

/** Each case runs the next accepted plan. The refused plans before it must end in a typed error. */
function planGroups(device: Device, { plans = 0, seed = 1 }: VerifyOptions): [string, Case[]][] {
  if (plans === 0) return [];
  const target = planTarget(device);
  let index = 0;
  const cases = Array.from({ length: plans }, (_, i) => {
    const one = {
      name: `accepted plan ${i}`,
      run: async () => {
        for (;;) {
          const drawn = drawPlanCase(seed, index++, target);
          one.name = planCaseText(drawn);
          try {
            const { refusal, worst } = await checkPlanCase(device, drawn);
            if (refusal === undefined) return worst;
          } catch (error) {
            const message = `${asError(error).message} (${one.name})`;
            if (error instanceof DeviceLostError) {
              throw new DeviceLostError(error.reason, message, { cause: error });
            }
            one.name = message;
            return Infinity;
          }
        }
      },
    };
    return one;
  });
  return [['steps by drawn plans against float64', cases]];
}

const steps = 10;

function trainingGroups(device: Device, data: Dataset): [string, Case[]][] {
  const { network: shape, batchSize, learningRate } = presets.lecture;
  const lecture = new Network(shape);
  const batch = sliceDataset(data, 0, batchSize);
  const plain = { network: lecture, batchSize, optimizer: sgd({ learningRate }) };
  const trajectories: readonly (readonly [string, EngineOptions])[] = [
    ['plain', plain],
    ['momentum', { ...plain, optimizer: sgd({ learningRate: 0.5, momentum: 0.9 }) }],
    [
      'Nesterov, weight decay, clipped',
      {
        ...plain,
        optimizer: sgd({ learningRate: 0.5, momentum: 0.9, nesterov: true, weightDecay: 1e-3 }),
        clipNorm: 0.1,
      },
    ],
    // With a smaller ε, Adam would turn gradients that are only rounding errors into full steps.
    [
      'AdamW, cosine',
      {
        ...plain,
        optimizer: adamW({
          learningRate: cosineDecay({ learningRate: 0.01, steps, warmUpSteps: 2 }),
          epsilon: 1e-4,
        }),
      },
    ],
  ];
  const gpu = (options: GpuEngineOptions) => trainGpu(device, options, data, steps);
  const trained = async () => lecture.withParameters(await trainGpu(device, plain, data, steps));
  return [
    [
      'gradient against float64, at the start and after training',
      [
        { name: 'at the start', run: () => checkGradient(device, lecture, batch) },
        {
          name: 'after training',
          run: async () => await checkGradient(device, await trained(), batch),
        },
      ],
    ],
    [
      `parameters after ${steps} steps against float64`,
      [
        ...trajectories.map(([name, options]) => ({
          name: `GPU, ${name}`,
          run: async () =>
            trajectoryShare(
              lecture,
              await gpu(options),
              await trainReference(options, data, steps),
            ),
        })),
        {
          name: 'CPU',
          run: async () =>
            trajectoryShare(
              lecture,
              await trainCpu(plain, data, steps),
              await trainReference(plain, data, steps),
            ),
        },
      ],
    ],
    [
      'the same bits twice, and streamed',
      [
        { name: 'twice', run: async () => sameBits(await gpu(plain), await gpu(plain)) },
        {
          name: 'streamed',
          run: async () => sameBits(await gpu(plain), await gpu({ ...plain, stream: true })),
        },
      ],
    ],
  ];
}
