/** The works of src/benchmark as jobs of the page, which brings the data and the GPU. */
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

/** The job that does the work of that name. */
export function remoteJob<Name extends JobName>(name: Name): PageJob<JobArguments<Name>> {
  const work = findJob(name);
  return ({ configuration, data }, context) =>
    whileStopping(context, async () => {
      const { emit, signal } = context;
      const onEvent = (event: unknown) => void emit(event);
      return await work(configuration, await loadPageData(data), {
        gpu: navigator.gpu,
        signal,
        onEvent,
      });
    });
}
