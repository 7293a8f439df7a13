/** Runs jobs in this process or in a page of a browser. */
import { arch, platform, release } from 'node:os';

import {
  findJob,
  type JobConfiguration,
  type JobEvent,
  type JobName,
  type JobResult,
} from '../benchmark/jobs.ts';
import type { EngineFacts } from '../benchmark/trainJob.ts';
import type { Backend } from '../engine/engine.ts';
import { NoAdapterError } from '../errors.ts';
import { adapterName } from '../gpu/adapter.ts';
import { describeBrowser } from '../node/browser.ts';
import { openBrowserSession } from '../node/browserSession.ts';
import { connectBrowserSession } from '../node/connectedSession.ts';
import { createGpu } from '../node/dawn.ts';
import type { BrowserSession } from '../node/pageSession.ts';
import type { PageDataSource, StoppingEvent } from '../page/jobs/remoteJob.ts';
import type { Run } from './command.ts';
import type { RuntimeChoice } from './configure.ts';
import { dataForPage, loadData, type DataSource } from './dataSource.ts';
import { UsageError } from './errors.ts';
import { located } from './files.ts';
import type { Terminal } from './terminal.ts';
import { packageVersion } from './versions.ts';

/** The runtime in a report. */
export interface RuntimeFacts {
  readonly name: 'node' | 'chromium' | 'firefox';
  /** 'Chrome/147.0.7727.50' */
  readonly browser?: string;
  readonly browserPath?: string;
  readonly node: string;
  /** Version of the package `webgpu`, where it is used. */
  readonly dawn?: string;
  readonly platform: string;
}

/** Where jobs run: in a browser's page if there is one, else in this process. */
export interface Host {
  readonly source: DataSource;
  /** In this process, undefined if no job needs an adapter. */
  readonly gpu?: GPU | undefined;
  readonly page?: { readonly session: BrowserSession; readonly data: PageDataSource };
  /** Absent for a browser that nudge did not start. */
  readonly facts?: RuntimeFacts;
}

export interface HostOptions {
  readonly runtime: RuntimeChoice;
  /** A kind of browser, or the path of one. */
  readonly browser?: string | undefined;
  /** `needed` fails without an adapter, `wanted` goes on without one, `unused` asks for none. */
  readonly adapter: 'needed' | 'wanted' | 'unused';
  readonly source: DataSource;
}

export interface Runtime extends Host {
  readonly facts: RuntimeFacts;
}

/**
 * Opens the runtime that the options ask for, and prints what the user should know about the choice.
 * @throws {UsageError} when the options contradict each other
 * @throws {NoAdapterError | BrowserError} when it is not available
 */
export async function openRuntime(
  run: Run,
  options: {
    readonly runtime?: RuntimeChoice | undefined;
    readonly browser?: string | undefined;
    readonly backend: Backend | 'auto';
    readonly source: DataSource;
  },
): Promise<Runtime> {
  const { runtime = 'auto', browser, backend, source } = options;
  if (browser !== undefined && runtime === 'node') {
    throw new UsageError(
      `--runtime node uses no browser; got --browser ${browser}. Leave one of them out.`,
    );
  }
  const named = browser ?? (isBrowser(runtime) ? runtime : undefined);
  if (backend === 'reference' && named !== undefined) {
    const option = browser === undefined ? '--runtime' : '--browser';
    throw new UsageError(
      `Backend 'reference' runs in Node; got ${option} ${named}. Leave ${option} out, or use --backend webgpu.`,
    );
  }
  if (named !== undefined) return await openHost(run, { ...options, runtime, adapter: 'needed' });
  const isCpu = backend === 'cpu' || backend === 'reference';
  if (isCpu) return await openHost(run, { source, runtime: 'node', adapter: 'unused' });
  // With backend auto, the CPU trains if Node has no adapter. A browser is not needed.
  return backend === 'auto' && runtime === 'auto'
    ? await openHost(run, { source, runtime: 'node', adapter: 'wanted' })
    : await openHost(run, { source, runtime, adapter: 'needed' });
}

/**
 * Opens this process or a browser as a host; the command's end closes it.
 * @throws {NoAdapterError} when an adapter is needed and there is none
 * @throws {BrowserError} when no browser is available
 */
export async function openHost(run: Run, options: HostOptions): Promise<Runtime> {
  const { runtime, browser, adapter, source } = options;
  const named = browser ?? (isBrowser(runtime) ? runtime : undefined);
  if (named !== undefined) return await launchBrowser(run, named, options);
  const facts = { name: 'node', ...machineFacts() } as const;
  if (adapter === 'unused') return { source, facts };
  let gpu: GPU;
  try {
    gpu = await createGpu();
  } catch (error) {
    if (!(error instanceof NoAdapterError)) throw error;
    if (runtime === 'auto') {
      run.terminal.note(error.message);
      return await launchBrowser(run, 'chromium', options);
    }
    if (adapter === 'needed') throw error;
    // This GPU repeats the reason when a job asks it for an adapter.
    gpu = { requestAdapter: () => Promise.reject(error) } as unknown as GPU;
  }
  const dawn = packageVersion('webgpu');
  return { source, gpu, facts: { ...facts, ...(dawn !== undefined && { dawn }) } };
}

async function launchBrowser(
  run: Run,
  browser: string,
  { adapter, source }: HostOptions,
): Promise<Runtime> {
  const { data, mounts } = await dataForPage(source);
  const open = (choice: 'auto' | 'none') =>
    openBrowserSession({ browser, mounts, adapter: choice, handleSignals: false });
  const session = await open(adapter === 'unused' ? 'none' : 'auto').catch(
    async (error: unknown) => {
      if (!(error instanceof NoAdapterError) || adapter === 'needed') throw error;
      run.terminal.note(error.message);
      return await open('none');
    },
  );
  run.onEnd(() => session.close());
  const { version, browser: found, passedOver } = session;
  for (const line of passedOver) run.terminal.note(line);
  run.terminal.note(`Browser: ${version}, ${describeBrowser(found)}.`);
  const { kind: name, executablePath: browserPath } = found;
  return {
    source,
    page: { session, data },
    facts: { name, browser: version, browserPath, ...machineFacts() },
  };
}

/**
 * Connects to a browser that runs already.
 * @param options `host` and `port` are the page's address for that browser
 * @throws {NoAdapterError | BrowserError | ConfigurationError}
 */
export async function connectHost(
  run: Run,
  endpoint: string,
  options: Pick<HostOptions, 'adapter' | 'source'> & {
    readonly host?: string | undefined;
    readonly port?: number | undefined;
  },
): Promise<Host> {
  const { adapter, source, host, port } = options;
  const { data, mounts } = await dataForPage(source);
  const needsAdapter = adapter === 'needed';
  const session = await connectBrowserSession(endpoint, { mounts, host, port, needsAdapter });
  run.onEnd(() => session.close());
  run.terminal.note(`Browser: ${session.version} at ${endpoint}, page at ${session.url}.`);
  return { source, page: { session, data } };
}

/**
 * @param onEvent may return a promise for an event that the job delivers
 * @throws what the job throws, and the reason of the run's signal
 */
export async function runJob<Name extends JobName>(
  run: Run,
  host: Host,
  name: Name,
  configuration: JobConfiguration<Name>,
  onEvent?: (event: JobEvent<Name>) => unknown,
): Promise<JobResult<Name>> {
  const { signal } = run.interrupt;
  const { page, source, gpu } = host;
  if (!page) {
    const deliver = async (event: JobEvent<Name>) => await onEvent?.(event);
    const context = { signal, onEvent, deliver, gpu };
    return await findJob(name)(configuration, await loadData(source), context);
  }
  return await callPage<JobResult<Name>>(
    ...([run, host, page, name, { configuration }] as const),
    (event: JobEvent<Name>) => onEvent?.(event),
  );
}

/**
 * Runs a job of the page.
 * @param args of the job besides the data
 * @param onEvent may answer an event, if the job asks a question
 */
export async function callPage<Result>(
  { interrupt: { signal } }: Run,
  { source }: Host,
  { session, data }: NonNullable<Host['page']>,
  name: string,
  args: object,
  onEvent: (event: never) => unknown,
): Promise<Result> {
  try {
    return await session.call<Result>(
      name,
      { ...args, data },
      { signal, onEvent: (event) => (isStopping(event) ? undefined : onEvent(event as never)) },
    );
  } catch (error) {
    // A page does not know the folder that its files come from.
    throw source.kind === 'mnist' ? located(error, source.folder) : error;
  }
}

function isStopping(event: unknown): event is StoppingEvent {
  return (event as { type?: unknown }).type === 'stopping';
}

export function isBrowser(runtime: RuntimeChoice | undefined): runtime is 'chromium' | 'firefox' {
  return runtime === 'chromium' || runtime === 'firefox';
}

function machineFacts() {
  return { node: process.version, platform: `${platform()} ${release()} ${arch()}` };
}

/** Prints the backend. A pipe gets it only if `auto` chose it, or if `cpu` runs as the slow float64 reference. */
export function printEngine(
  terminal: Terminal,
  { backend, choice, adapter, plan }: EngineFacts,
): void {
  // A GPU's plan is too long for a line; the JSON report has it.
  const how = backend === 'cpu' && plan !== undefined ? ` (${plan})` : '';
  const name = adapter ? `${backend} on ${adapterName(adapter)}` : `${backend}${how}`;
  if (choice === undefined) {
    const print = plan?.startsWith('float64') === true ? 'note' : 'remark';
    terminal[print](`Backend: ${name}.`);
  } else {
    const reason = choice.replace(/^\w+: /, '').replace(/\.?$/, '.');
    terminal.note(`Backend: ${name}, chosen by auto: ${reason}`);
  }
}

/** The engine in a report. */
export function engineReport({ backend, choice, adapter, plan }: EngineFacts) {
  return { backend, choice: choice ?? null, adapter: adapter ?? null, plan: plan ?? null };
}
