/** Measures the overhead of calls: on the GPU, on the host, and for read-backs. */
import { count } from '../../../shaders/probes/count.ts';
import { DeviceLostError } from '../../errors.ts';
import type { Device } from '../device.ts';
import { Passes } from '../program.ts';
import type { BatchTimer } from './batchTimer.ts';
import { bindKernels, readBytes, type BoundKernel } from './boundKernel.ts';
import { measureSlope, median, spreadOf, type Measured } from './slope.ts';

export interface Latency {
  /** Seconds from one dispatch to the next one that depends on it, in one pass. */
  readonly dispatch: Measured;
  /** Seconds on the host thread to record a dispatch, with its pipeline and bind group. */
  readonly encode: Measured;
  /** Seconds on the host thread for an encoder, a pass and a submit, without the dispatches in it. */
  readonly submit: Measured;
  /** Seconds from the submit of a 4-byte copy until the host has the bytes; the GPU is idle before. */
  readonly readback: Measured;
  /** The same with empty submits while waiting; only present if that is faster. */
  readonly pokedReadback?: Measured;
}

/** Dispatches per submit when timing the host, whose clock may tick in steps of 0.1 ms. */
const dispatchesEncoded = 500;
const submitsMade = 100;
const readbacks = 9;

/** @throws {DeviceLostError} when fewer dispatches were made than asked for */
export async function probeLatency(
  device: Device,
  timer: BatchTimer,
  deadline: number,
): Promise<Latency> {
  const { STORAGE, COPY_SRC } = GPUBufferUsage;
  const counter = await device.create('the buffer of a probe', (allocate) =>
    allocate('counter', 4, STORAGE | COPY_SRC),
  );
  try {
    const [kernel] = await bindKernels(device, [count()], { counter });
    const probe = new LatencyProbe(device, timer, kernel!);
    const share = (deadline - performance.now()) / 4;
    const first = await probe.dispatch(deadline - 3 * share);
    const host = await probe.host(deadline - 2 * share);
    const readback = await probe.readback(false, deadline - share * (timer.pokes ? 1.5 : 1));
    const pokedReadback = timer.pokes ? await probe.readback(true, deadline - share) : undefined;
    // On a busy machine, each dispatch may be delayed for a while. Measuring again later avoids that.
    const second = await probe.dispatch(deadline);
    await requireCount(device, counter, probe.dispatches);
    return {
      dispatch: first.value < second.value ? first : second,
      ...host,
      readback,
      ...(pokedReadback && { pokedReadback }),
    };
  } finally {
    device.release([counter]);
  }
}

async function requireCount(device: Device, counter: GPUBuffer, dispatches: number): Promise<void> {
  const [counted] = new Uint32Array(await readBytes(device, counter, 4));
  if (counted === dispatches) return;
  throw new DeviceLostError(
    'unknown',
    `The GPU made ${counted} of ${dispatches} dispatches, so their time is meaningless. Request a new device.`,
  );
}

class LatencyProbe {
  /** Dispatches recorded so far. */
  dispatches = 0;
  readonly #device: Device;
  readonly #timer: BatchTimer;
  readonly #kernel: BoundKernel;

  constructor(device: Device, timer: BatchTimer, kernel: BoundKernel) {
    this.#device = device;
    this.#timer = timer;
    this.#kernel = kernel;
  }

  async dispatch(deadline: number): Promise<Measured> {
    const record = (passes: Passes, times: number) => this.#record(passes, times);
    return await measureSlope(this.#timer, record, { rounds: 20, deadline });
  }

  /** Computes both times from few submits with many dispatches and many submits with one dispatch. */
  async host(deadline: number): Promise<Pick<Latency, 'encode' | 'submit'>> {
    await this.#hostSeconds(1, 1);
    const few: number[] = [];
    const many: number[] = [];
    do {
      few.push((await this.#hostSeconds(1, dispatchesEncoded)) / dispatchesEncoded);
      many.push((await this.#hostSeconds(submitsMade, 1)) / submitsMade);
    } while (few.length < 10 && performance.now() < deadline);
    // few = encode + submit / dispatches, many = encode + submit, where dispatches is large.
    const perDispatch = Math.min(...few);
    const perSubmit = Math.min(...many);
    const submit = Math.max(0, perSubmit - perDispatch) / (1 - 1 / dispatchesEncoded);
    const encode = perDispatch - submit / dispatchesEncoded;
    return {
      encode: { value: encode > 0 ? encode : perDispatch, ...spreadOf(few) },
      submit: { value: submit > 0 ? submit : perSubmit, ...spreadOf(many) },
    };
  }

  async readback(pokes: boolean, deadline: number): Promise<Measured> {
    const samples: number[] = [];
    do samples.push(await this.#timer.readBack(pokes));
    while (samples.length < readbacks && performance.now() < deadline);
    return { value: median(samples), ...spreadOf(samples) };
  }

  /**
   * Returns the host seconds for `submits` submits of `dispatches` dispatches each. The GPU is idle before and after.
   */
  async #hostSeconds(submits: number, dispatches: number): Promise<number> {
    const { gpu } = this.#device;
    const start = performance.now();
    for (let submit = 0; submit < submits; submit++) {
      const encoder = gpu.createCommandEncoder();
      const passes = new Passes(encoder, 'probe');
      this.#record(passes, dispatches);
      passes.end();
      gpu.queue.submit([encoder.finish()]);
    }
    const seconds = (performance.now() - start) / 1000;
    await this.#timer.settle();
    return seconds;
  }

  #record(passes: Passes, times: number): void {
    this.#kernel.record(passes, times);
    this.dispatches += times;
  }
}
