/** What the job `bench` is asked for: a file of its own, since Node knows it too, and not how the page was built. */
import type { BenchmarkResult } from '../../benchmark/result/schema.ts';
import type { BenchmarkSettings } from '../../benchmark/settings.ts';
import type { PageDataSource } from '../pageData.ts';

export interface BenchArguments {
  readonly configuration: BenchmarkSettings;
  readonly data: PageDataSource;
  /** An earlier result that was stopped, to go on from. */
  readonly resume?: BenchmarkResult | undefined;
}
