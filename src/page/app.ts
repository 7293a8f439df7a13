/** The page: its buttons, the run, and the results. */
import { expectedRunSeconds } from '../benchmark/expectation.ts';
import type { BenchmarkResult } from '../benchmark/result/schema.ts';
import { decideSettings } from '../benchmark/settings.ts';
import { ConfigurationError } from '../errors.ts';
import { DataPicker } from './dataPicker.ts';
import { byId, goTo } from './elements.ts';
import { takeFiles } from './fileDrop.ts';
import { formatDuration } from './format.ts';
import { nextTask } from './nextTask.ts';
import { settingsOf, type PageOptions } from './pageOptions.ts';
import type { KeptResults } from './result/keptResults.ts';
import type { ResultShelf } from './result/resultShelf.ts';
import { Automation } from './run/automation.ts';
import type { RunOutcome } from './run/benchmarkRun.ts';
import { measureAlone, watchHidden } from './run/measuring.ts';
import { Prelude } from './run/prelude.ts';
import { RunPanel } from './run/runPanel.ts';
import { RunStage } from './run/runStage.ts';
import { VerifyPanel } from './run/verifyPanel.ts';
import { adapterSentence, errorSentence } from './sentences.ts';
import { findWebGpu, type WebGpu } from './webgpu.ts';
import { startBenchmarkWorker, type BenchmarkWorker } from './worker/benchmarkWorker.ts';

interface Ending extends RunOutcome {
  /** The reader stopped the run, or hid the page, which stops it too. */
  readonly isStopped: boolean;
  readonly isHidden: boolean;
}

export class App {
  /** For scripts that drive the page. */
  readonly automation = new Automation();
  readonly #options: PageOptions;
  /** Errors in the address, a sentence each. */
  readonly #problems: string[];
  readonly #button = byId('start', HTMLButtonElement);
  readonly #again = byId('anew', HTMLButtonElement);
  readonly #panel = new RunPanel();
  readonly #stage = new RunStage();
  readonly #prelude = new Prelude();
  readonly #picker: DataPicker;
  readonly #verify: VerifyPanel;
  #webGpu: WebGpu | undefined;
  #worker: Promise<BenchmarkWorker> | undefined;
  #shelf: Promise<ResultShelf> | undefined;
  #kept: Promise<KeptResults> | undefined;
  /** Stops the current run. */
  #stop: AbortController | undefined;
  #isChecking = false;
  /** The finished part of a stopped run. */
  #stopped: BenchmarkResult | undefined;

  constructor({ options, problems }: { options: PageOptions; problems: readonly string[] }) {
    this.#options = options;
    this.#problems = [...problems];
    this.#picker = new DataPicker({
      samples: options.samples,
      load: async (source) => await (await this.#startedWorker()).call('load', source),
      onChange: (problem) => {
        // A run cannot resume on other data.
        this.#stopped = undefined;
        this.#refresh();
        this.#showProblem(problem === undefined ? '' : errorSentence(problem));
      },
    });
    this.#verify = new VerifyPanel({
      seed: options.seed,
      worker: () => this.#startedWorker(),
      onBusy: (isBusy) => {
        this.#prelude.end();
        this.#isChecking = isBusy;
        this.#refresh();
      },
    });
    this.#button.addEventListener('click', () => {
      if (this.#stop) {
        // A kernel that is being compiled cannot be stopped, so the end may take a moment.
        this.#stop.abort();
        this.#panel.say('Stopping');
      } else {
        this.#begin(this.#stopped);
      }
    });
    this.#again.addEventListener('click', () => this.#begin(undefined));
    byId('dismiss', HTMLButtonElement).addEventListener('click', () => {
      this.#showProblem('');
      // The focused button is hidden now.
      this.#button.focus();
    });
    takeFiles({
      onData: (files) => this.#picker.take(files),
      onResults: (files) => void this.#openFiles(files),
    });
    addEventListener('hashchange', () => void this.#openHash());
  }

  /** Looks for a GPU, opens the result in the address, and starts a run if the address asks for one. */
  async start(): Promise<void> {
    const insecureOrigin = isSecureContext ? undefined : location.origin;
    const webGpu = await findWebGpu((navigator as Partial<Navigator>).gpu, insecureOrigin);
    await this.#describe(webGpu);
    this.#showProblem(this.#problems.join(' '));
    this.#webGpu = webGpu;
    this.#refresh();
    const listed = this.#loadedKept().then((kept) => kept.show());
    await this.#openHash();
    if (!this.#options.auto) void this.#prelude.show();
    // A run with other options than those in the address is not what the reader asked for.
    else if (this.#problems.length === 0) {
      // Reading kept results would disturb the measurement.
      await listed;
      await this.#run(undefined);
    }
  }

  /** Starts the worker, or starts it again after it ended. */
  async #startedWorker(): Promise<BenchmarkWorker> {
    const running = await this.#worker?.catch(() => undefined);
    if (running?.isAlive === true) return running;
    this.#worker = startBenchmarkWorker(this.#webGpu?.adapter !== undefined);
    return await this.#worker;
  }

  async #loadedShelf(): Promise<ResultShelf> {
    this.#shelf ??= import('./result/resultShelf.ts').then(({ ResultShelf: Shelf }) => new Shelf());
    return await this.#shelf;
  }

  async #loadedKept(): Promise<KeptResults> {
    this.#kept ??= import('./result/keptResults.ts').then(
      ({ KeptResults: Kept }) => new Kept(() => this.#loadedShelf()),
    );
    return await this.#kept;
  }

  /** Starts a run at the reader's request, and scrolls to it. */
  #begin(resume: BenchmarkResult | undefined): void {
    void this.#run(resume);
    // Safari does not focus a clicked button, and "Start again" is hidden now.
    this.#button.focus({ preventScroll: true });
    scrollTo({ top: 0, behavior: 'instant' });
  }

  /** @param resume the finished part of a stopped run */
  async #run(resume: BenchmarkResult | undefined): Promise<void> {
    const stop = new AbortController();
    this.#prelude.end();
    this.#stop = stop;
    this.#stopped = undefined;
    this.#refresh();
    this.#showProblem('');
    this.automation.begin();
    this.#stage.begin();
    this.#panel.begin();
    const wait = () =>
      this.#panel.wait('Another tab is measuring. This one starts when that is done.');
    let isHidden = false;
    const outcome = await measureAlone(stop.signal, wait, async () => {
      const over = new AbortController();
      const hidden = watchHidden(over.signal);
      hidden.addEventListener('abort', () => stop.abort());
      try {
        return await this.#measure(stop.signal, hidden, resume);
      } finally {
        isHidden = hidden.aborted;
        over.abort();
      }
    }).catch((error: unknown): RunOutcome => ({ error }));
    this.#stop = undefined;
    // A run that was stopped before it finished anything new keeps its earlier part.
    const result = outcome.result ?? resume;
    await this.#finish({ ...outcome, result, isStopped: stop.signal.aborted, isHidden });
  }

  async #measure(
    signal: AbortSignal,
    hidden: AbortSignal,
    resume: BenchmarkResult | undefined,
  ): Promise<RunOutcome> {
    this.#panel.begin();
    const ask = (event: Event) => event.preventDefault();
    // The browser asks before the page is left.
    addEventListener('beforeunload', ask);
    try {
      const { runInWorker } = await import('./run/benchmarkRun.ts');
      return await runInWorker({
        worker: await this.#startedWorker(),
        settings: settingsOf(this.#options),
        data: await this.#picker.source(),
        resume,
        signal,
        hidden,
        hasGpu: this.#webGpu?.adapter !== undefined,
        isSoftware: this.#webGpu?.adapter?.isSoftware === true,
        panel: this.#panel,
        onData: (data) => this.#picker.describe(data),
      });
    } finally {
      removeEventListener('beforeunload', ask);
    }
  }

  async #finish({ result, error, isStopped, isHidden }: Ending): Promise<void> {
    const isWhole = !isStopped && error === undefined;
    const hasParts = result !== undefined && result.workloads.length > 0;
    this.#stopped = !isWhole && hasParts ? resumable(result) : undefined;
    this.#stage.end();
    this.#refresh();
    if (error !== undefined && !isStopped) {
      this.#panel.end('Stopped by an error');
      this.#showProblem(errorSentence(error));
    } else if (isHidden) {
      const next = hasParts
        ? 'Resume to continue.'
        : 'No workload was finished. Start again and keep this tab in view.';
      this.#panel.end('Stopped');
      this.#showProblem(
        `The run was stopped because the page was hidden, and browsers slow hidden pages down. ${next}`,
      );
    } else if (isStopped) {
      const kept = 'The finished workloads are shown below. Resume to continue.';
      this.#panel.end('Stopped', hasParts ? kept : 'No workload was finished.');
    }
    if (!result) {
      this.#stage.clear();
      this.automation.fail(error);
      return;
    }
    const took = `Done in ${formatDuration(this.#panel.elapsedSeconds)}`;
    const shelf = await this.#loadedShelf();
    await nextTask();
    await shelf.showOwn(result, (heading) => {
      this.#stage.clear();
      if (!isWhole) return;
      // A reader who reads something else is told and not moved.
      const isElsewhere = this.#stage.isReaderElsewhere;
      this.#panel.end(isElsewhere ? `${took}. ${heading.textContent}` : took, '', true);
      this.#stage.show(heading);
    });
    this.automation.end(result);
    if (hasParts) await (await this.#loadedKept()).keep(result);
  }

  async #openHash(): Promise<void> {
    const { hash } = location;
    const parameters = new URLSearchParams(hash.slice(1));
    if (parameters.has('result')) {
      await this.#open(async () => {
        const { openLink } = await import('./share/openResult.ts');
        return await (await this.#loadedShelf()).open([await openLink(hash)]);
      });
    } else if (parameters.has('summary')) {
      await this.#open(async () => {
        const { decodeSummary } = await import('../benchmark/result/link.ts');
        return (await this.#loadedShelf()).openSummary(await decodeSummary(hash));
      });
    }
  }

  async #openFiles(files: readonly File[]): Promise<void> {
    await this.#open(async () => {
      const { openFile } = await import('./share/openResult.ts');
      const opened = await Promise.all(files.map((file) => openFile(file)));
      return await (await this.#loadedShelf()).open(opened);
    });
  }

  /** @param show returns the heading of what it shows */
  async #open(show: () => Promise<HTMLElement>): Promise<void> {
    this.#showProblem('');
    try {
      const heading = await show();
      // During a run the reader stays with the run.
      if (!this.#stop) goTo(heading);
    } catch (error) {
      this.#showProblem(errorSentence(error));
    }
  }

  /** Names and enables the buttons that apply. */
  #refresh(): void {
    const isRunning = this.#stop !== undefined;
    const isBusy = isRunning || this.#isChecking || this.#webGpu === undefined;
    const idle = this.#stopped ? 'Resume' : 'Start';
    this.#button.textContent = isRunning ? 'Stop' : idle;
    this.#button.classList.toggle('is-stop', isRunning);
    this.#button.disabled = isBusy && !isRunning;
    this.#again.hidden = isRunning || !this.#stopped;
    this.#again.disabled = isBusy;
    this.#picker.isEnabled = !isBusy;
    this.#verify.isEnabled = !isRunning && this.#webGpu?.adapter !== undefined;
  }

  /** Shows the adapter, or how to get one, and the expected duration. */
  async #describe({ adapter, explain }: WebGpu): Promise<void> {
    const place = byId('webgpu', HTMLElement);
    place.textContent = adapter ? adapterSentence(adapter) : await explain(navigator.userAgent);
    place.className = adapter ? 'small' : 'problem';
    const gpu = adapter ? (adapter.isSoftware ? 'software' : 'hardware') : 'none';
    try {
      const seconds = expectedRunSeconds(decideSettings(settingsOf(this.#options), gpu));
      byId('duration', HTMLElement).textContent = `Takes about ${formatDuration(seconds)}.`;
    } catch (error) {
      // Options that are valid one by one may not fit together, or not fit this machine.
      if (!(error instanceof ConfigurationError)) throw error;
      this.#problems.push(error.message);
    }
  }

  #showProblem(text: string): void {
    byId('problem', HTMLElement).textContent = text;
    byId('notice', HTMLElement).hidden = text === '';
  }
}

/** Drops the flag for the hidden page: a resumed run measures again what was interrupted. */
function resumable(result: BenchmarkResult): BenchmarkResult {
  return { ...result, flags: result.flags.filter(({ kind }) => kind !== 'hidden') };
}
