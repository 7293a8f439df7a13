/**
 * Measures the limits of an adapter: its arithmetic rate, its memory bandwidth, and the cost of each call. Results can
 * then be shown as a share of these limits; see src/benchmark/limit.ts.
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
  /** Approximate milliseconds for probing. Each number gets at least one round. Default 2500. */
  readonly budgetMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called before each probe with its name and the share of the work done, 0 to 1. */
  readonly onProgress?: ((what: string, done: number) => void) | undefined;
}

/** Rates are in units per second, times in seconds. */
export interface MeasuredLimits {
  readonly adapter: AdapterDescription;
  /** FLOP/s of fused multiply-adds in float32, two FLOP each. */
  readonly arithmetic: Arithmetic;
  /** Bandwidths in bytes/s. */
  readonly memory: Memory;
  /** Seconds per call. */
  readonly latency: Latency;
  /** Total seconds. */
  readonly seconds: number;
}

/** @throws {ConfigurationError} unless `budgetMs` is a finite number greater than 0 */
export function requireBudget(budgetMs: number, usual: number): void {
  if (Number.isFinite(budgetMs) && budgetMs > 0) return;
  throw new ConfigurationError(
    `budgetMs must be a number of milliseconds greater than 0; got ${show(budgetMs)}. The default is ${usual}.`,
  );
}

/**
 * Measures the limits of an adapter. Nothing else should run on it; for a software adapter, nothing else should run on
 * the machine.
 *
 * @example
 * const device = await Device.request();
 * const { arithmetic } = await probeAdapter(device);
 * console.log(`${(arithmetic.value / 1e9).toFixed(0)} GFLOP/s`);
 * device.destroy();
 *
 * @throws the signal's reason, and the errors of a failing device. All buffers are released in any case
 * @throws {ConfigurationError} for a budget that is not greater than 0
 * @throws {ShaderError} when a kernel gives a wrong result
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
  /** Returns the time at which this share of the budget is spent. */
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
