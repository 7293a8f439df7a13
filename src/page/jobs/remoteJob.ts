/** Makes jobs of src/benchmark callable from Node. The page provides the data and the GPU. */
import { findJob, type JobConfiguration, type JobName } from '../../benchmark/jobs.ts';
import { loadPageData, type PageDataSource } from '../pageData.ts';
import type { PageJob } from './pageJob.ts';
import { whileStopping } from './stopping.ts';

export type { PageDataSource } from '../pageData.ts';
export type { StoppingEvent } from './stopping.ts';

export interface JobArguments<Name extends JobName> {
  readonly configuration: JobConfiguration<Name>;
  readonly data: PageDataSource;
}

export function remoteJob<Name extends JobName>(name: Name): PageJob<JobArguments<Name>> {
  const work = findJob(name);
  return ({ configuration, data }, caller) =>
    whileStopping(caller, async () => {
      const { emit, signal } = caller;
      const onEvent = (event: unknown) => void emit(event);
      const loaded = await loadPageData(data);
      const context = { gpu: navigator.gpu, signal, onEvent, deliver: emit };
      return await work(configuration, loaded, context);
    });
}
