/** Run by Deno from test/gpu/deno.test.ts: the verification, from the same modules; prints its report as JSON. */
import { verify } from '../../src/benchmark/verification/verify.ts';
import { NoAdapterError, digits } from '../../src/index.ts';

const { training } = digits({ trainingCount: 2000, testCount: 1 });
try {
  console.log(JSON.stringify(await verify({ data: training, rounds: 1 })));
} catch (error) {
  if (!(error instanceof NoAdapterError)) throw error;
  console.log('null');
}
