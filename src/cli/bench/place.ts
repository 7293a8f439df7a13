/** Where the benchmark runs: in this process, in a browser that is started for it, or in one that runs already. */
import { runBenchmark, type BenchmarkSettings } from '../../benchmark/runBenchmark.ts';
import { LocalLab } from '../../benchmark/lab.ts';
import type { BenchmarkEvent } from '../../benchmark/events.ts';
import type { BenchmarkResult } from '../../benchmark/result/schema.ts';
import { FormatError, NoAdapterError } from '../../errors.ts';
import { describeBrowser } from '../../node/browser.ts';
import { openBrowserSession, type LaunchedSession } from '../../node/browserSession.ts';
import { PythonPeers, pythonLoader } from '../../node/pythonPeers.ts';
import { connectBrowserSession } from '../../node/connectedSession.ts';
import { createGpu } from '../../node/dawn.ts';
import type { BrowserSession } from '../../node/pageSession.ts';
import { readNodeEnvironment } from '../../node/nodeEnvironment.ts';
import type {
  BenchArguments as PageArguments,
  PeerQuestion,
} from '../../page/jobs/benchArguments.ts';
import type { PageDataSource, StoppingEvent } from '../../page/jobs/remoteJob.ts';
import type { RuntimeChoice } from '../configure.ts';
import { dataForPage, inFolder, loadData, type DataSource } from '../dataSource.ts';
import { gpuWithout } from '../runtime.ts';
import { nudgeCommit, nudgeVersion, packageVersion } from '../versions.ts';

export interface BenchRun {
  readonly settings: BenchmarkSettings;
  readonly resume: BenchmarkResult | undefined;
  readonly signal: AbortSignal;
  readonly onEvent: (event: BenchmarkEvent) => void;
}

export interface Place {
  /** What the user should know about it, a sentence each. */
  readonly notes: readonly string[];
  /** @throws what `runBenchmark` throws, and what a browser that fails makes of it */
  run(run: BenchRun): Promise<BenchmarkResult>;
  close(): Promise<void>;
}

export interface PlaceOptions {
  readonly runtime: RuntimeChoice;
  /** A kind of browser, or the path of one. */
  readonly browser?: string | undefined;
  /** Of a browser that runs already. */
  readonly connect?: string | undefined;
  /** Where that browser finds the page. */
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  /** `needed` fails without an adapter, `wanted` does without, and `unused` asks for none. */
  readonly adapter: 'needed' | 'wanted' | 'unused';
  readonly source: DataSource;
  /** The interpreter that has PyTorch and NumPy; false to leave them out. */
  readonly python: string | false;
}

/**
 * @throws {NoAdapterError} when an adapter is needed and none is to be had
 * @throws {BrowserError} when no browser is to be had
 */
export async function openPlace(options: PlaceOptions): Promise<Place> {
  const { runtime, browser, connect } = options;
  if (connect !== undefined) return await connectedPlace(connect, options);
  if (browser !== undefined) return await launchedPlace(browser, options, []);
  if (runtime === 'chromium' || runtime === 'firefox') {
    return await launchedPlace(runtime, options, []);
  }
  if (options.adapter === 'unused') return nodePlace(options, undefined);
  try {
    return nodePlace(options, await createGpu());
  } catch (error) {
    if (!(error instanceof NoAdapterError)) throw error;
    if (runtime === 'auto') return await launchedPlace('chromium', options, [error.message]);
    if (options.adapter === 'needed') throw error;
    return nodePlace(options, gpuWithout(error));
  }
}

function nodePlace({ source, python }: PlaceOptions, gpu: GPU | undefined): Place {
  const loadPeer = pythonLoader(python);
  const hostEnvironment = readNodeEnvironment(gpu && packageVersion('webgpu'));
  const commit = nudgeCommit();
  return {
    notes: [],
    async run({ settings, ...run }) {
      const data = await loadData(source);
      return await runBenchmark({
        ...settings,
        ...run,
        ...data,
        openLab: () => Promise.resolve(new LocalLab({ ...data, gpu, loadPeer })),
        hostEnvironment,
        nudge: { version: nudgeVersion(), ...(commit !== '' && { commit }) },
      });
    },
    close: () => Promise.resolve(),
  };
}

async function launchedPlace(
  browser: string,
  options: PlaceOptions,
  notes: readonly string[],
): Promise<Place> {
  const { adapter, source } = options;
  const { data, mounts } = await dataForPage(source);
  const open = (adapter: 'auto' | 'none') =>
    openBrowserSession({ browser, mounts, adapter, handleSignals: false });
  let session: LaunchedSession;
  const more = [...notes];
  try {
    session = await open(adapter === 'unused' ? 'none' : 'auto');
  } catch (error) {
    if (!(error instanceof NoAdapterError) || adapter === 'needed') throw error;
    more.push(error.message);
    session = await open('none');
  }
  more.push(
    ...session.passedOver,
    `Browser: ${session.version}, ${describeBrowser(session.browser)}.`,
  );
  return pagePlace(session, data, options, more);
}

async function connectedPlace(endpoint: string, options: PlaceOptions): Promise<Place> {
  const { adapter, source, host, port } = options;
  const { data, mounts } = await dataForPage(source);
  const needsAdapter = adapter === 'needed';
  const session = await connectBrowserSession(endpoint, { mounts, host, port, needsAdapter });
  const notes = [`Browser: ${session.version} at ${endpoint}, page at ${session.url}.`];
  return pagePlace(session, data, options, notes);
}

type PageEvent = BenchmarkEvent | StoppingEvent | PeerQuestion;

function pagePlace(
  session: BrowserSession,
  data: PageDataSource,
  { source, python }: PlaceOptions,
  notes: readonly string[],
): Place {
  return {
    notes,
    async run({ settings, resume, signal, onEvent }) {
      const args: PageArguments = { configuration: settings, data, resume };
      const peers = new PythonPeers(python);
      try {
        return await session.call<BenchmarkResult, PageEvent>('bench', args, {
          signal,
          onEvent: (event) => {
            if (event.type === 'peer') return peers.answer(event);
            if (event.type !== 'stopping') onEvent(event);
            return undefined;
          },
        });
      } catch (error) {
        if (error instanceof FormatError && source.kind === 'mnist') {
          throw inFolder(error, source.folder);
        }
        throw error;
      } finally {
        peers.end();
      }
    },
    close: () => session.close(),
  };
}
