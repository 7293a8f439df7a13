/** The works of src/benchmark as jobs of the page, which brings the data and the GPU. */
import { findWork, type WorkConfiguration, type WorkName } from '../../benchmark/works.ts';
import { loadPageData, type PageDataSource } from '../pageData.ts';
import type { Job } from './job.ts';
import { whileStopping } from './stopping.ts';

export type { PageDataSource } from '../pageData.ts';
export type { StoppingEvent } from './stopping.ts';

export interface WorkArguments<Name extends WorkName> {
  readonly configuration: WorkConfiguration<Name>;
  readonly data: PageDataSource;
}

/** The job that does the work of that name. */
export function workJob<Name extends WorkName>(name: Name): Job<WorkArguments<Name>> {
  const work = findWork(name);
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
