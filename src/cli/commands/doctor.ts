/** `nudge doctor`. */
import { Option, type Command } from 'commander';

import { inRun, type Context } from '../context.ts';
import { describeDiagnosis, describeMissing, hasAdapter } from '../doctor/describe.ts';
import { examine, type Diagnosis } from '../doctor/examine.ts';
import { exitCodes } from '../errors.ts';
import * as option from '../options.ts';

interface DoctorOptions extends option.JsonArguments {
  readonly launch: boolean;
}

export function addDoctor(program: Command, context: Context): void {
  const doctor = program
    .command('doctor')
    .summary('see what this machine has')
    .description(
      'Says what this machine has to train with: WebGPU adapters in Node and in browsers, in hardware or in software, ' +
        'their limits and features, MNIST; and how to get what is missing. The exit code is 1 when there is no adapter at all.',
    );
  option.addJson(doctor);
  option.add(doctor, 'simple', new Option('--no-launch', 'look for browsers, but start none'));
  option.addHelp(
    doctor,
    'nudge doctor',
    'nudge doctor --no-launch',
    'nudge doctor --json doctor.json',
  );
  doctor.action((options: DoctorOptions) => runDoctor(options, context));
}

async function runDoctor({ json: path, launch }: DoctorOptions, context: Context): Promise<void> {
  await inRun(context, { json: path, onInterrupt: 'Stopping.' }, async (run) => {
    const { terminal, interrupt, json } = run;
    const bar = terminal.bar('{what} …', 1, { what: '' });
    let diagnosis: Diagnosis;
    try {
      diagnosis = await examine(launch, (what) => bar.update(0, { what }), interrupt.signal);
    } finally {
      bar.stop();
    }
    await json.write({ command: 'doctor', ...diagnosis, missing: describeMissing(diagnosis) });
    for (const line of describeDiagnosis(diagnosis)) terminal.result(line);
    if (!hasAdapter(diagnosis)) context.exit(exitCodes.failure);
  });
}
