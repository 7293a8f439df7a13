/** The job that measures the limits of the browser's adapter. */
import { Device } from '../../gpu/device.ts';
import { probeAdapter, type MeasuredLimits } from '../../gpu/probes/probeAdapter.ts';
import type { PageJob } from './pageJob.ts';

export interface ProbeArguments {
  readonly budgetMs?: number;
}

/** Sent before each probe. */
export interface ProbeEvent {
  readonly what: string;
  /** Share of the whole, 0 to 1. */
  readonly done: number;
}

export const probe: PageJob<ProbeArguments, MeasuredLimits> = async (
  { budgetMs },
  { emit, signal },
) => {
  const device = await Device.request();
  try {
    return await probeAdapter(device, {
      budgetMs,
      signal,
      onProgress: (what, done) => void emit({ what, done } satisfies ProbeEvent),
    });
  } finally {
    device.destroy();
  }
};
