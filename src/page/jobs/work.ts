/** The works of src/benchmark as jobs of the page, which brings the data and the GPU. */
import { findWork, type WorkConfiguration, type WorkName } from '../../benchmark/works.ts';
import { digits, type DigitsOptions } from '../../data/digits/digits.ts';
import { mnistFiles, readMnist, readRoles, type MnistRole } from '../../data/mnist.ts';
import { MissingDataError } from '../../errors.ts';
import type { WorkData } from '../../benchmark/trainJob.ts';
import type { Job } from './job.ts';

/** What the page trains on: digits that it generates, or MNIST files that the server has. */
export type PageDataSource =
  | { readonly kind: 'digits'; readonly options?: DigitsOptions }
  | { readonly kind: 'mnist'; readonly urls: Readonly<Record<MnistRole, string>> };

export interface WorkArguments<Name extends WorkName> {
  readonly configuration: WorkConfiguration<Name>;
  readonly data: PageDataSource;
}

/** Told once a second while a work that was stopped finishes what it had under way. */
export interface StoppingEvent {
  readonly type: 'stopping';
}

/** The job that does the work of that name. */
export function workJob<Name extends WorkName>(name: Name): Job<WorkArguments<Name>> {
  const work = findWork(name);
  return async ({ configuration, data }, { emit, signal }) => {
    // A caller who hears nothing after an abort takes the page for dead.
    const stopping: StoppingEvent = { type: 'stopping' };
    let heartbeat: ReturnType<typeof setInterval> | undefined;
    signal.addEventListener('abort', () => {
      heartbeat = setInterval(() => void emit(stopping), 1000);
    });
    try {
      const context = {
        gpu: navigator.gpu,
        signal,
        onEvent: (event: unknown) => void emit(event),
      };
      return await work(configuration, await loadPageData(data), context);
    } finally {
      clearInterval(heartbeat);
    }
  };
}

async function loadPageData(source: PageDataSource): Promise<WorkData> {
  if (source.kind === 'digits') return digits(source.options);
  return await readMnist(await readRoles(({ role }) => fetchBytes(source.urls[role])));
}

async function fetchBytes(url: string): Promise<Uint8Array> {
  const response = await fetch(url);
  if (!response.ok) {
    const file = mnistFiles.find(({ name }) => url.includes(name))?.name ?? url;
    throw new MissingDataError(
      `The page could not fetch ${file} (HTTP ${response.status}). Check that the file is still there.`,
    );
  }
  return new Uint8Array(await response.arrayBuffer());
}
