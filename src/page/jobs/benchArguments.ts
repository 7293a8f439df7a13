/** What the job `bench` is asked for, and asks itself: a file of its own, since Node knows it too, and not how the page was built. */
import type { PeerRequest } from '../../benchmark/peers/remote.ts';
import type { BenchmarkResult } from '../../benchmark/result/schema.ts';
import type { BenchmarkSettings } from '../../benchmark/settings.ts';
import type { PageDataSource } from '../pageData.ts';

export interface BenchArguments {
  readonly configuration: BenchmarkSettings;
  readonly data: PageDataSource;
  /** An earlier result that was stopped, to go on from. */
  readonly resume?: BenchmarkResult | undefined;
}

/** An event that is to be answered: a request to a library that Node has. `peer` numbers the lines, each of which ends by `end`. */
export interface PeerQuestion {
  readonly type: 'peer';
  readonly peer: number;
  readonly request: PeerRequest | { readonly type: 'end' };
}
