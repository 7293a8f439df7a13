/**
 * What an adapter can do at most, measured: how fast it computes, how fast it moves bytes, and what each call costs.
 * Beside it every result can say how much of this machine's own limit it reached; see src/benchmark/limit.ts.
 */
import type { AdapterDescription } from '../adapter.ts';
import { ConfigurationError } from '../../errors.ts';
import {
  requireFunction,
  requireMethods,
  requireOptions,
  requireSignal,
  show,
} from '../../network/arguments.ts';
import type { Device } from '../device.ts';
import { probeArithmetic, type Arithmetic } from './arithmetic.ts';
import { BatchTimer } from './batchTimer.ts';
import { probeLatency, type Latency } from './latency.ts';
import { probeMemory, type Memory } from './memory.ts';

export interface ProbeOptions {
  /** Milliseconds that probing should take, about; each figure gets one round at least. Default 2500. */
  readonly budgetMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told before each probe what it is, and the share of the whole that is done, 0 to 1. */
  readonly onProgress?: ((what: string, done: number) => void) | undefined;
}

/** All rates in units per second, all times in seconds. */
export interface MeasuredLimits {
  readonly adapter: AdapterDescription;
  /** FLOP/s of fused multiply-adds in float32, two each. */
  readonly arithmetic: Arithmetic;
  /** Bytes/s. */
  readonly memory: Memory;
  /** Seconds a call. */
  readonly latency: Latency;
  /** Seconds that all of it took. */
  readonly seconds: number;
}

/** @throws {ConfigurationError} unless `budgetMs` is a finite number greater than 0 */
export function requireBudget(budgetMs: number, usual: number): void {
  if (Number.isFinite(budgetMs) && budgetMs > 0) return;
  throw new ConfigurationError(
    `budgetMs is a number of milliseconds greater than 0, and ${show(budgetMs)} was given. The default is ${usual}.`,
  );
}

/**
 * Measures an adapter's own limits. Nothing else should run on it, or on the machine where the adapter is software.
 *
 * @example
 * const device = await Device.request();
 * const { arithmetic } = await probeAdapter(device);
 * console.log(`${(arithmetic.value / 1e9).toFixed(0)} GFLOP/s`);
 * device.destroy();
 *
 * @throws the signal's reason; {ConfigurationError} for a budget that is not greater than 0; what a device that fails
 *   throws; {ShaderError} when a kernel gave a wrong result. No buffer is left in any case
 */
export async function probeAdapter(
  device: Device,
  options: ProbeOptions = {},
): Promise<MeasuredLimits> {
  requireMethods('device', 'a Device', device, ['create', 'limit']);
  requireOptions('probeAdapter', options, { budgetMs: true, signal: true, onProgress: true });
  const { budgetMs = 2500, signal, onProgress } = options;
  requireBudget(budgetMs, 2500);
  requireSignal(signal);
  requireFunction('onProgress', onProgress);
  const start = performance.now();
  /** When so much of the budget is spent. */
  const at = (share: number) => start + share * budgetMs;
  const timer = await BatchTimer.create(device, signal);
  try {
    onProgress?.('latency', 0);
    const latency = await probeLatency(device, timer, at(0.25));
    onProgress?.('arithmetic', 0.25);
    const arithmetic = await probeArithmetic(device, timer, at(0.65));
    onProgress?.('memory', 0.65);
    const memory = await probeMemory(device, timer, at(1));
    const seconds = (performance.now() - start) / 1000;
    onProgress?.('done', 1);
    return { adapter: device.adapter, arithmetic, memory, latency, seconds };
  } finally {
    timer.dispose();
  }
}
