/** `nudge doctor`. */
import { Option, type Command } from 'commander';

import { inRun, type Context } from '../context.ts';
import { describeDiagnosis, describeMissing, hasAdapter } from '../doctor/describe.ts';
import { examine, type Diagnosis } from '../doctor/examine.ts';
import { exitCodes } from '../errors.ts';
import * as option from '../options.ts';

interface DoctorOptions extends option.JsonArguments {
  readonly launch: boolean;
  readonly probe?: boolean;
}

export function addDoctor(program: Command, context: Context): void {
  const doctor = program
    .command('doctor')
    .summary('see what this machine has')
    .description(
      'Says what this machine has to train with: WebGPU adapters in Node and in browsers, in hardware or in software, ' +
        'their limits and features, MNIST; and how to get what is missing. With --probe it also measures how fast each ' +
        'adapter computes and moves bytes, and what a dispatch, a submit and a read-back cost. The exit code is 1 when there is no adapter at all.',
    );
  option.addJson(doctor);
  option.add(doctor, 'simple', new Option('--no-launch', 'look for browsers, but start none'));
  option.add(
    doctor,
    'simple',
    new Option('--probe', 'measure what each adapter can do at most, 3 s each'),
  );
  option.addHelp(
    doctor,
    'nudge doctor',
    'nudge doctor --no-launch',
    'nudge doctor --probe',
    'nudge doctor --json doctor.json',
  );
  doctor.action((options: DoctorOptions) => runDoctor(options, context));
}

async function runDoctor(options: DoctorOptions, context: Context): Promise<void> {
  const { json: path, launch, probe = false } = options;
  await inRun(context, { json: path, onInterrupt: 'Stopping.' }, async (run) => {
    const { terminal, interrupt, json } = run;
    const bar = terminal.bar('{what} …', 1, { what: '' });
    let diagnosis: Diagnosis;
    try {
      diagnosis = await examine({
        launch,
        probe,
        onProgress: (what) => bar.update(0, { what }),
        signal: interrupt.signal,
      });
    } finally {
      bar.stop();
    }
    await json.write({ command: 'doctor', ...diagnosis, missing: describeMissing(diagnosis) });
    for (const line of describeDiagnosis(diagnosis)) terminal.result(line);
    if (!hasAdapter(diagnosis)) context.exit(exitCodes.failure);
  });
}
