/** Two results side by side. */
import type { BenchmarkResult } from '../../benchmark/result/schema.ts';
import { make } from '../elements.ts';

interface Named {
  readonly result: BenchmarkResult;
  readonly name: string;
}

export async function makeComparison(before: Named, after: Named): Promise<HTMLElement> {
  await Promise.resolve();
  return make('div', { class: 'card' }, make('h2', {}, `${after.name} against ${before.name}`));
}
