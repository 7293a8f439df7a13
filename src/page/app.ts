/** Puts the page's parts together: what is chosen, the run and its buttons, the results. */
import { expectedRunSeconds } from '../benchmark/expectation.ts';
import type { BenchmarkResult } from '../benchmark/result/schema.ts';
import { decideSettings } from '../benchmark/settings.ts';
import { ConfigurationError } from '../errors.ts';
import { DataPicker } from './dataPicker.ts';
import { byId, goTo } from './elements.ts';
import { takeFiles } from './fileDrop.ts';
import { formatDuration } from './format.ts';
import { watchHidden } from './hiddenSignal.ts';
import { nextTask } from './nextTask.ts';
import { settingsOf, type PageOptions } from './pageOptions.ts';
import type { KeptResults } from './result/keptResults.ts';
import type { ResultShelf } from './result/resultShelf.ts';
import { Automation } from './run/automation.ts';
import type { RunOutcome } from './run/benchmarkRun.ts';
import { askBeforeLeaving, measureAlone } from './run/measuring.ts';
import { RunPanel } from './run/runPanel.ts';
import { RunStage } from './run/runStage.ts';
import { VerifyPanel } from './run/verifyPanel.ts';
import { adapterSentence, errorSentence } from './sentences.ts';
import { findWebGpu, type WebGpu } from './webgpu.ts';
import { BenchmarkWorker } from './worker/benchmarkWorker.ts';

/** How a run went, for the words at its end. */
interface Ending extends RunOutcome {
  /** The reader stopped it, or hiding the page did. */
  readonly isStopped: boolean;
  readonly isHidden: boolean;
}

export class App {
  /** For scripts that drive the page. */
  readonly automation = new Automation();
  readonly #options: PageOptions;
  /** What is wrong with the address, a sentence each. */
  #problems: readonly string[];
  readonly #button = byId('start', HTMLButtonElement);
  readonly #again = byId('anew', HTMLButtonElement);
  readonly #panel = new RunPanel();
  readonly #stage = new RunStage();
  readonly #picker: DataPicker;
  readonly #verify: VerifyPanel;
  #webGpu: WebGpu | undefined;
  #worker: Promise<BenchmarkWorker> | undefined;
  #shelf: Promise<ResultShelf> | undefined;
  #kept: Promise<KeptResults> | undefined;
  /** Of the run under way. */
  #stop: AbortController | undefined;
  #isChecking = false;
  /** Once it is known what GPU there is. */
  #isReady = false;
  /** What a run that was stopped had finished. */
  #stopped: BenchmarkResult | undefined;

  constructor({ options, problems }: { options: PageOptions; problems: readonly string[] }) {
    this.#options = options;
    this.#problems = problems;
    this.#picker = new DataPicker({
      samples: options.samples,
      load: async (source) => await (await this.#startedWorker()).call('load', source),
      onChange: (problem) => {
        // A run on other data cannot be resumed.
        this.#stopped = undefined;
        this.#refresh();
        this.#showProblem(problem === undefined ? '' : errorSentence(problem));
      },
    });
    this.#verify = new VerifyPanel({
      seed: options.seed,
      worker: () => this.#startedWorker(),
      onBusy: (isBusy) => {
        this.#isChecking = isBusy;
        this.#refresh();
      },
    });
    this.#button.addEventListener('click', () => {
      if (this.#stop) this.#abort(this.#stop);
      else this.#begin(this.#stopped);
    });
    this.#again.addEventListener('click', () => this.#begin());
    byId('dismiss', HTMLButtonElement).addEventListener('click', () => {
      this.#showProblem('');
      // The button is gone, and the focus should not be.
      this.#button.focus();
    });
    takeFiles({
      onData: (files) => this.#picker.take(files),
      onResults: (files) => void this.#openFiles(files),
    });
    addEventListener('hashchange', () => void this.#openHash());
  }

  /** Gets the page ready, opens the result that the address carries, and runs where the address says so. */
  async start(): Promise<void> {
    this.#webGpu = await findWebGpu(
      'gpu' in navigator ? navigator.gpu : undefined,
      isSecureContext ? undefined : location.origin,
    );
    await this.#describe(this.#webGpu);
    this.#showProblem(this.#problems.join(' '));
    this.#isReady = true;
    this.#refresh();
    const listed = this.#loadedKept().then((kept) => kept.show());
    await this.#openHash();
    // Options other than those in the address were not asked for.
    if (this.#options.auto && this.#problems.length === 0) {
      // Reading what is kept takes time, which is not to be measured.
      await listed;
      await this.#run();
    }
  }

  get #isSoftware(): boolean {
    return this.#webGpu?.adapter?.isSoftware === true;
  }

  /** The worker, started when it is wanted first, and again once it is gone. */
  async #startedWorker(): Promise<BenchmarkWorker> {
    const running = await this.#worker?.catch(() => undefined);
    if (running?.isAlive === true) return running;
    this.#worker = BenchmarkWorker.start(this.#webGpu?.adapter !== undefined);
    return await this.#worker;
  }

  /** Loaded when there is a result to be shown. */
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

  /** The reader asked for a run, and wants to see it. */
  #begin(resume?: BenchmarkResult): void {
    void this.#run(resume);
    // Not every browser gives a button the focus that is clicked, and another one may be gone now.
    this.#button.focus({ preventScroll: true });
    scrollTo({ top: 0, behavior: 'instant' });
  }

  /** @param resume a run that was stopped */
  async #run(resume?: BenchmarkResult): Promise<void> {
    const stop = new AbortController();
    this.#stop = stop;
    this.#stopped = undefined;
    this.#refresh();
    this.#showProblem('');
    this.automation.begin();
    this.#stage.begin();
    this.#panel.begin('Starting');
    const wait = () =>
      this.#panel.wait('Another tab is measuring. This one starts when that is done.');
    let outcome: RunOutcome;
    let isHidden = false;
    try {
      outcome = await measureAlone(stop.signal, wait, () =>
        this.#measure(stop.signal, resume, () => {
          isHidden = true;
          stop.abort();
        }),
      );
    } catch (error) {
      outcome = { error };
    }
    this.#stop = undefined;
    await this.#finish({
      // A run that was stopped again before it finished anything is where it was.
      result: outcome.result ?? resume,
      error: outcome.error,
      isStopped: stop.signal.aborted,
      isHidden,
    });
  }

  /** @param onHide told when the page is hidden */
  async #measure(
    signal: AbortSignal,
    resume: BenchmarkResult | undefined,
    onHide: () => void,
  ): Promise<RunOutcome> {
    this.#panel.begin('Starting');
    const over = new AbortController();
    askBeforeLeaving(over.signal);
    const hidden = watchHidden();
    hidden.signal.addEventListener('abort', onHide, { signal: over.signal });
    try {
      const { runInWorker } = await import('./run/benchmarkRun.ts');
      return await runInWorker({
        worker: await this.#startedWorker(),
        settings: settingsOf(this.#options),
        data: await this.#picker.source(),
        resume,
        signal,
        hasGpu: this.#webGpu?.adapter !== undefined,
        isSoftware: this.#isSoftware,
        panel: this.#panel,
        onData: (data) => this.#picker.describe(data),
      });
    } finally {
      hidden.dispose();
      over.abort();
    }
  }

  async #finish({ result, error, isStopped, isHidden }: Ending): Promise<void> {
    const isWhole = !isStopped && error === undefined;
    const hasParts = result !== undefined && result.workloads.length > 0;
    this.#stopped = !isWhole && hasParts ? resumable(result) : undefined;
    this.#stage.end();
    this.#refresh();
    if (error !== undefined && !isStopped) {
      this.#panel.end('Stopped by an error', '', false);
      this.#showProblem(errorSentence(error));
    } else if (isHidden) {
      this.#panel.end('Stopped', '', false);
      this.#showProblem(
        'The page was hidden, and browsers slow hidden pages down. The run was stopped; ' +
          (this.#stopped
            ? 'Resume goes on.'
            : 'nothing was finished. Start it again and keep this tab in view.'),
      );
    } else if (isStopped) {
      const kept = hasParts
        ? 'The finished workloads are shown. Resume goes on from there.'
        : 'No workload was finished.';
      this.#panel.end('Stopped', kept, false);
    }
    if (!result) {
      this.#stage.clear();
      this.automation.fail(error);
      return;
    }
    const took = `Done in ${formatDuration(this.#panel.elapsedSeconds)}`;
    const shelf = await this.#loadedShelf();
    await nextTask();
    await shelf.showOwn(result, ({ heading, sentence }) => {
      this.#stage.clear();
      if (!isWhole) return;
      // A reader who is elsewhere stays there, and is told.
      this.#panel.end(this.#stage.isReaderElsewhere ? `${took}. ${sentence}` : took, '', true);
      this.#stage.show(heading);
    });
    this.automation.end(result);
    if (hasParts) await (await this.#loadedKept()).keep(result);
  }

  /** What is under way may first have to finish what cannot be stopped, such as a kernel that is compiled. */
  #abort(stop: AbortController): void {
    stop.abort();
    this.#panel.say('Stopping');
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

  /** @param show gives the heading of what it shows */
  async #open(show: () => Promise<HTMLElement>): Promise<void> {
    this.#showProblem('');
    try {
      const heading = await show();
      // During a run the reader stays with that.
      if (!this.#stop) goTo(heading);
    } catch (error) {
      this.#showProblem(errorSentence(error));
    }
  }

  /** Names and enables the buttons as things stand. */
  #refresh(): void {
    const isRunning = this.#stop !== undefined;
    const isBusy = isRunning || this.#isChecking || !this.#isReady;
    const idle = this.#stopped ? 'Resume' : 'Start';
    this.#button.textContent = isRunning ? 'Stop' : idle;
    this.#button.classList.toggle('is-stop', isRunning);
    // While the checks run, nothing can be started.
    this.#button.disabled = isBusy && !isRunning;
    this.#again.hidden = isRunning || !this.#stopped;
    this.#again.disabled = isBusy;
    this.#picker.isEnabled = !isBusy;
    this.#verify.isEnabled = !isRunning && this.#webGpu?.adapter !== undefined;
  }

  async #describe(webGpu: WebGpu): Promise<void> {
    const place = byId('webgpu', HTMLElement);
    place.textContent = webGpu.adapter
      ? adapterSentence(webGpu.adapter)
      : await webGpu.explain(navigator.userAgent);
    place.className = webGpu.adapter ? 'small' : 'problem';
    const gpu = webGpu.adapter ? (webGpu.adapter.isSoftware ? 'software' : 'hardware') : 'none';
    const settings = settingsOf(this.#options);
    try {
      const seconds = expectedRunSeconds(decideSettings(settings, gpu));
      byId('duration', HTMLElement).textContent = `Takes about ${formatDuration(seconds)}.`;
    } catch (error) {
      // Each option makes sense, and all of them together do not on this machine.
      if (!(error instanceof ConfigurationError)) throw error;
      this.#problems = [...this.#problems, error.message];
    }
  }

  #showProblem(text: string): void {
    const place = byId('problem', HTMLElement);
    place.textContent = text;
    byId('notice', HTMLElement).hidden = text === '';
  }
}

/** What was running when the page was hidden is measured again, so that flag does not stay. */
function resumable(result: BenchmarkResult): BenchmarkResult {
  return { ...result, flags: result.flags.filter(({ kind }) => kind !== 'hidden') };
}
