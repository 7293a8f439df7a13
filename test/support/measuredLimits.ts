import { describeAdapter } from '../../src/gpu/adapter.ts';
import type { MeasuredLimits } from '../../src/gpu/probes/probeAdapter.ts';

const measured = (value: number) => ({ value, spread: 0.1, rounds: 4 });

/** An adapter of round numbers: 1 GFLOP/s, 1 GB/s, cached 10 GB/s, 10 µs a dispatch, 1 µs to record it, 50 µs a submit. */
export const roundLimits: MeasuredLimits = {
  adapter: describeAdapter({ vendor: 'acme', architecture: 'one', description: 'Acme One' }),
  arithmetic: { ...measured(1e9), shape: '8 × f32, workgroups of 64' },
  memory: {
    largeBytes: 2 ** 27,
    smallBytes: 1024,
    read: measured(1e9),
    copy: measured(0.5e9),
    cached: measured(1e10),
  },
  latency: {
    dispatch: measured(10e-6),
    encode: measured(1e-6),
    submit: measured(50e-6),
    readback: measured(1e-3),
  },
  seconds: 2,
};
