/** `nudge evaluate`. */
import { Option, type Command } from 'commander';

import type { NetworkArguments } from '../configure.ts';
import { inRun, type Context } from '../context.ts';
import { findData } from '../dataSource.ts';
import * as option from '../options.ts';
import { evaluateReport } from '../report.ts';
import { sayEngine, withRuntime } from '../runtime.ts';
import { formatConfusion, formatCost, formatCount, formatShare } from '../table.ts';
import { loadNetwork, networkName } from '../weights.ts';

type EvaluateOptions = Omit<NetworkArguments, 'layers'> &
  option.RawNetworkArguments &
  option.DataArguments &
  option.JsonArguments &
  option.RuntimeArguments & { readonly load: string };

export function addEvaluate(program: Command, context: Context): void {
  const evaluate = program
    .command('evaluate')
    .summary('see how well a saved network does')
    .description(
      'Evaluates a saved network on the test set: cost, accuracy and confusion matrix.\n\n' +
        'A file that nudge saved says what its network is. One of PyTorch has the weights alone: say the ' +
        'rest with --preset, or with --activation, --output and --cost.',
    );
  option.add(
    evaluate,
    'simple',
    new Option('--load <file>', 'the weights (safetensors)').makeOptionMandatory(),
  );
  option.addData(evaluate);
  option.addBackend(evaluate);
  option.addJson(evaluate);
  option.add(
    evaluate,
    'advanced',
    option.choice('--preset <name>', 'what the network should be', option.presetNames),
  );
  option.addNetwork(evaluate, 'advanced');
  option.addRuntime(evaluate, 'auto');
  option.addHelp(
    evaluate,
    'nudge evaluate --load modern.safetensors',
    'nudge evaluate --load modern.safetensors --data digits --json report.json',
    'nudge evaluate --load pytorch.safetensors --activation relu --output softmax --cost cross-entropy',
  );
  evaluate.action((options: EvaluateOptions) => runEvaluate(options, context));
}

async function runEvaluate(options: EvaluateOptions, context: Context): Promise<void> {
  const onInterrupt = 'Stopping.';
  await inRun(context, { json: options.json, onInterrupt }, async (run) => {
    const { terminal, interrupt, json } = run;
    const loaded = await loadNetwork(options.load, option.networkArguments(options));
    const { source, note } = await findData(options.data);
    if (note !== undefined) terminal.note(note);
    const { backend = 'auto', runtime: choice = 'auto', browser } = options;
    await withRuntime(terminal, { runtime: choice, browser, backend, source }, async (runtime) => {
      const { layers, activation, output, cost, initializer, seed, parameters } = loaded;
      const description = { layers, activation, output, cost, initializer, seed };
      const result = await runtime.run(
        'evaluate',
        { network: { ...description, parameters }, backend },
        { signal: interrupt.signal },
      );
      interrupt.signal.throwIfAborted();
      await json.write(
        await evaluateReport({ options, description, loaded, source, runtime, backend, result }),
      );
      const { evaluation, engine } = result;
      sayEngine(terminal, engine);
      const { confusion } = evaluation;
      const count = confusion.flat().reduce((sum, samples) => sum + samples, 0);
      const right = confusion.reduce((sum, row, label) => sum + row[label]!, 0);
      for (const line of formatConfusion(confusion)) terminal.result(line);
      terminal.result(
        `Test accuracy ${formatShare(evaluation.accuracy)} (${formatCount(right)} of ${formatCount(count)}), ` +
          `test cost ${formatCost(evaluation.cost)}: ${options.load}, ${networkName(loaded)}, on ${engine.backend}.`,
      );
    });
  });
}
