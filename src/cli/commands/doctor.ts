/** `nudge doctor`. */
import type { CommandDefinition, Run } from '../command.ts';
import { describeDiagnosis, describeMissing, hasAdapter } from '../doctor/describe.ts';
import { examine } from '../doctor/examine.ts';
import { exitCodes } from '../errors.ts';
import * as option from '../options.ts';

interface DoctorOptions {
  readonly launch: boolean;
  readonly probe?: boolean;
}

export const doctor: CommandDefinition<DoctorOptions> = {
  name: 'doctor',
  summary: 'show what this machine can train with',
  description:
    'Lists the WebGPU adapters in Node and in browsers with their limits and features, looks for MNIST, and says how to ' +
    'get what is missing. With --probe it also measures how fast each adapter computes and moves data, and how long a ' +
    'dispatch, a submit and a read-back take. The exit code is 1 if there is no adapter.',
  simple: [
    option.json(),
    option.text('--no-launch', 'find browsers without starting them'),
    option.text('--probe', 'measure the speed of each adapter, in 3 s each'),
  ],
  examples: [
    'nudge doctor',
    'nudge doctor --no-launch',
    'nudge doctor --probe',
    'nudge doctor --json doctor.json',
  ],
  work: runDoctor,
};

async function runDoctor(run: Run, { launch, probe = false }: DoctorOptions): Promise<void> {
  const { terminal, interrupt } = run;
  const bar = terminal.bar('{what} …', 1, { what: '' });
  const diagnosis = await examine({
    launch,
    probe,
    onProgress: (what) => bar.update(0, { what }),
    signal: interrupt.signal,
  });
  bar.stop();
  terminal.result(...describeDiagnosis(diagnosis));
  if (!hasAdapter(diagnosis)) run.exit(exitCodes.failure);
  await run.report({ ...diagnosis, missing: describeMissing(diagnosis) });
}
