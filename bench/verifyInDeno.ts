/** Runs the checks of `nudge check` in Deno and prints their report as JSON, or null without an adapter. Arguments: rounds, fraction, plans. */
import { verify } from '../src/benchmark/verification/verify.ts';
import { NoAdapterError, digits } from '../src/index.ts';

declare const Deno: { readonly args: readonly string[] };

const { training } = digits({ trainingCount: 1000, testCount: 1 });
const [rounds = 1, fraction = 1, plans = 0] = Deno.args.map(Number);
try {
  console.log(JSON.stringify(await verify({ data: training, rounds, fraction, plans })));
} catch (error) {
  if (!(error instanceof NoAdapterError)) throw error;
  console.log('null');
}
