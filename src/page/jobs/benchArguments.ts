/** The arguments and questions of the job `bench`. Node imports this file, so it must not import the page's build constants. */
import type { PeerRequest } from '../../benchmark/peers/remote.ts';
import type { BenchmarkResult } from '../../benchmark/result/schema.ts';
import type { BenchmarkSettings } from '../../benchmark/settings.ts';
import type { PageDataSource } from '../pageData.ts';

export interface BenchArguments {
  readonly configuration: BenchmarkSettings;
  readonly data: PageDataSource;
  /** The result of a stopped run, to continue. */
  readonly resume?: BenchmarkResult | undefined;
}

/** An event that asks a library in Node and expects an answer. `peer` numbers the connections; `end` ends one. */
export interface PeerQuestion {
  readonly type: 'peer';
  readonly peer: number;
  readonly request: PeerRequest | { readonly type: 'end' };
}
