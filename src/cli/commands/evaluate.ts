/** `nudge evaluate`. */
import type { CommandDefinition, Run } from '../command.ts';
import { optionsOf, type NetworkArguments } from '../configure.ts';
import { dataName, findData } from '../dataSource.ts';
import * as option from '../options.ts';
import { engineReport, openRuntime, printEngine, runJob } from '../runtime.ts';
import { formatConfusion, formatCost, formatCount, formatShare } from '../table.ts';
import { loadNetwork, loadReport, networkName } from '../weights.ts';

type EvaluateOptions = NetworkArguments & option.SharedArguments & { readonly load: string };

export const evaluate: CommandDefinition<EvaluateOptions> = {
  name: 'evaluate',
  summary: 'evaluate a saved network',
  description: `Evaluates a saved network on the test set: cost, accuracy and confusion matrix.

A file saved by nudge describes its network. A file from PyTorch has weights only: describe the network with --preset, or with --activation, --output and --cost.`,
  simple: [
    option.text('--load <file>', 'the weights (safetensors)').makeOptionMandatory(),
    option.data(),
    option.backend(),
    option.json(),
  ],
  advanced: [option.preset('the network in the file'), ...option.network(), ...option.runtime()],
  examples: [
    'nudge evaluate --load modern.safetensors',
    'nudge evaluate --load modern.safetensors --data digits --json report.json',
    'nudge evaluate --load pytorch.safetensors --activation relu --output softmax --cost cross-entropy',
  ],
  work: runEvaluate,
};

async function runEvaluate(run: Run, options: EvaluateOptions): Promise<void> {
  const { terminal, interrupt } = run;
  const { load, backend = 'auto' } = options;
  const network = await loadNetwork(load, options);
  const { source, note } = await findData(options.data);
  if (note !== undefined) terminal.note(note);
  const runtime = await openRuntime(run, { ...options, backend, source });
  const description = optionsOf(network);
  const { evaluation, engine, sha256 } = await runJob(run, runtime, 'evaluate', {
    network: { ...description, parameters: network.parameters },
    backend,
  });
  interrupt.signal.throwIfAborted();
  printEngine(terminal, engine);
  const { confusion, accuracy, cost } = evaluation;
  const count = confusion.flat().reduce((sum, samples) => sum + samples, 0);
  const correct = confusion.reduce((sum, row, label) => sum + row[label]!, 0);
  terminal.result(
    ...formatConfusion(confusion),
    `Test accuracy ${formatShare(accuracy)} (${formatCount(correct)} of ${formatCount(count)}), ` +
      `test cost ${formatCost(cost)}: ${load}, ${networkName(network)}, on ${engine.backend}.`,
  );
  await run.report({
    configuration: {
      data: dataName(source),
      network: description,
      load: await loadReport(load, network),
      backend,
      runtime: options.runtime ?? 'auto',
    },
    runtime: runtime.facts,
    ...engineReport(engine),
    parameterCount: network.parameterCount,
    evaluation,
    sha256,
  });
}
