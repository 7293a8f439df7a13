/** What a step costs the thread that asks for it, apart from the GPU's work: `npm run bench:host -- --help`. */
import { Command } from 'commander';

import { createGpu } from '../src/node/dawn.ts';
import { defaultReportEvery } from '../src/training/trainer.ts';
import { openPage } from './openPage.ts';
import { measureHost, type HostCost } from './page/host.ts';
import { runProgram } from './runProgram.ts';

export function createHostProgram(): Command {
  return new Command('bench:host')
    .description('Times encoding, submitting and reporting a step of tiny on the host.')
    .argument('[places...]', 'node, chromium, firefox, or paths of browsers', ['node', 'chromium'])
    .exitOverride();
}

async function inBrowser(wanted: string): Promise<HostCost> {
  const page = await openPage(wanted);
  try {
    return await page.run<HostCost>('host');
  } finally {
    await page.close();
  }
}

async function main(args: readonly string[], signal: AbortSignal): Promise<void> {
  const program = createHostProgram().parse(args, { from: 'user' });
  for (const place of program.processedArgs[0] as readonly string[]) {
    signal.throwIfAborted();
    const cost = place === 'node' ? await measureHost(await createGpu()) : await inBrowser(place);
    const us = (seconds: number) => `${(seconds * 1e6).toFixed(2)} µs`;
    console.log(
      `${place} (${cost.adapter}), ${cost.dispatchesPerStep} dispatches per step: ` +
        `${us(cost.perStep)} per step, ${us(cost.perSubmit)} per submit, ${us(cost.perReport)} per report; ` +
        `${us(cost.total)} per step for a submit of ${defaultReportEvery} steps with their report`,
    );
  }
}

if (process.argv[1]?.endsWith('host.ts')) {
  await runProgram(main);
  // Dawn's instance would keep Node running.
  process.exit();
}
