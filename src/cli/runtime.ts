/** Where a work is done: in this process, or in a page of a browser without a window. */
import { arch, platform, release } from 'node:os';

import type { EngineFacts, JobContext } from '../benchmark/trainJob.ts';
import {
  findJob,
  type JobConfiguration,
  type JobEvent,
  type JobName,
  type JobResult,
} from '../benchmark/jobs.ts';
import { FormatError, NoAdapterError } from '../errors.ts';
import { adapterName } from '../gpu/adapter.ts';
import { describeBrowser } from '../node/browser.ts';
import { openBrowserSession } from '../node/browserSession.ts';
import { createGpu } from '../node/dawn.ts';
import type { StoppingEvent } from '../page/jobs/remoteJob.ts';
import type { Backend } from '../engine/engine.ts';
import type { RuntimeChoice } from './configure.ts';
import { dataForPage, inFolder, loadData, type DataSource } from './dataSource.ts';
import { UsageError } from './errors.ts';
import type { Terminal } from './terminal.ts';
import { packageVersion } from './versions.ts';

/** What a report says about it. */
export interface RuntimeFacts {
  readonly name: 'node' | 'chromium' | 'firefox';
  /** Of the browser: 'Chrome/147.0.7727.50'. */
  readonly browser?: string;
  readonly browserPath?: string;
  readonly node: string;
  /** Of the package `webgpu`, where it is used. */
  readonly dawn?: string;
  readonly platform: string;
}

type RunContext<Name extends JobName> = Omit<JobContext<JobEvent<Name>>, 'gpu'>;

export interface Runtime {
  readonly facts: RuntimeFacts;
  /** What the user should know about the choice, a sentence each. */
  readonly notes: readonly string[];
  /** @throws what the work throws, and the signal's reason */
  run<Name extends JobName>(
    name: Name,
    configuration: JobConfiguration<Name>,
    context?: RunContext<Name>,
  ): Promise<JobResult<Name>>;
  close(): Promise<void>;
}

interface RuntimeOptions {
  readonly runtime: RuntimeChoice;
  /** Path of the browser. */
  readonly browser?: string | undefined;
  readonly backend: Backend | 'auto';
  readonly source: DataSource;
}

/**
 * Has `work` done with the runtime that the options ask for; what the user should know about it is said first.
 * @throws {UsageError} when the options contradict each other
 * @throws {NoAdapterError | BrowserError} when it is not to be had
 * @throws what `work` throws
 */
export async function withRuntime(
  terminal: Terminal,
  options: RuntimeOptions,
  work: (runtime: Runtime) => Promise<void>,
): Promise<void> {
  const runtime = await openRuntime(options);
  try {
    for (const line of runtime.notes) terminal.note(line);
    await work(runtime);
  } finally {
    await runtime.close();
  }
}

async function openRuntime(options: RuntimeOptions): Promise<Runtime> {
  const { runtime, browser, backend, source } = options;
  const needsNode = backend === 'reference';
  if (browser !== undefined && (runtime === 'node' || needsNode)) {
    throw new UsageError(
      `--browser ${browser} was given, and ${runtime === 'node' ? "runtime 'node'" : `backend '${backend}'`} uses none. Give one of them.`,
    );
  }
  if (needsNode) {
    if (runtime === 'chromium' || runtime === 'firefox') {
      throw new UsageError(
        `Backend '${backend}' runs in Node, and --runtime ${runtime} was given. Leave --runtime out, or use --backend webgpu.`,
      );
    }
    return nodeRuntime(source, undefined, []);
  }
  if (browser !== undefined) return browserRuntime(browser, source, []);
  if (runtime === 'chromium' || runtime === 'firefox') return browserRuntime(runtime, source, []);
  if (backend === 'cpu') return nodeRuntime(source, undefined, []);
  try {
    return nodeRuntime(source, await createGpu(), []);
  } catch (error) {
    if (!(error instanceof NoAdapterError) || runtime === 'node') throw error;
    // Where the backend is open as well, the CPU trains, and no browser is needed.
    if (backend === 'auto') return nodeRuntime(source, gpuWithout(error), []);
    return await browserRuntime('chromium', source, [error.message]);
  }
}

/** A GPU that gives no adapter, for a reason that is known already, so that `auto` can tell it. */
export function gpuWithout(reason: NoAdapterError): GPU {
  return { requestAdapter: () => Promise.reject(reason) } as unknown as GPU;
}

function nodeRuntime(source: DataSource, gpu: GPU | undefined, notes: readonly string[]): Runtime {
  const dawn = gpu && packageVersion('webgpu');
  return {
    facts: { name: 'node', ...machineFacts(), ...(dawn !== undefined && { dawn }) },
    notes,
    async run<Name extends JobName>(
      name: Name,
      configuration: JobConfiguration<Name>,
      context: RunContext<Name> = {},
    ): Promise<JobResult<Name>> {
      const data = await loadData(source);
      return await findJob(name)(configuration, data, { ...context, gpu });
    },
    close: () => Promise.resolve(),
  };
}

async function browserRuntime(
  browser: string,
  source: DataSource,
  notes: readonly string[],
): Promise<Runtime> {
  const { data, mounts } = await dataForPage(source);
  const session = await openBrowserSession({ browser, mounts, handleSignals: false });
  const { kind, executablePath } = session.browser;
  return {
    facts: {
      name: kind,
      browser: session.version,
      browserPath: executablePath,
      ...machineFacts(),
    },
    notes: [
      ...notes,
      ...session.passedOver,
      `Browser: ${session.version}, ${describeBrowser(session.browser)}.`,
    ],
    async run<Name extends JobName>(
      name: Name,
      configuration: JobConfiguration<Name>,
      { signal, onEvent }: RunContext<Name> = {},
    ): Promise<JobResult<Name>> {
      try {
        return await session.call<JobResult<Name>, JobEvent<Name> | StoppingEvent>(
          name,
          { configuration, data },
          {
            ...(signal && { signal }),
            onEvent: (event) => {
              if (!isStopping(event)) onEvent?.(event);
            },
          },
        );
      } catch (error) {
        if (error instanceof FormatError && source.kind === 'mnist') {
          throw inFolder(error, source.folder);
        }
        throw error;
      }
    },
    close: () => session.close(),
  };
}

function isStopping(event: unknown): event is StoppingEvent {
  return (event as { type?: unknown }).type === 'stopping';
}

function machineFacts() {
  return { node: process.version, platform: `${platform()} ${release()} ${arch()}` };
}

/** Says what computes: to everybody where `auto` chose or `cpu` is the slow reference, else to who is watching. */
export function sayEngine(
  terminal: Terminal,
  { backend, choice, adapter, plan }: EngineFacts,
): void {
  // The plan of a GPU is long, and stands in --json.
  const how = backend === 'cpu' && plan !== undefined ? ` (${plan})` : '';
  const name = adapter ? `${backend} on ${adapterName(adapter)}` : `${backend}${how}`;
  if (choice === undefined) {
    const say = plan?.startsWith('float64') === true ? 'note' : 'remark';
    terminal[say](`Backend: ${name}.`);
  } else
    terminal.note(
      `Backend: ${name}, chosen by auto: ${choice.replace(/^\w+: /, '').replace(/\.?$/, '.')}`,
    );
}
