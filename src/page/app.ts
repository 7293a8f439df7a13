/** Puts the page's parts together: what is chosen, the run and its buttons, the results. */
import { expectedRunSeconds } from '../benchmark/expectation.ts';
import type { BenchmarkResult } from '../benchmark/result/schema.ts';
import { decideSettings } from '../benchmark/settings.ts';
import { ConfigurationError } from '../errors.ts';
import { DataPicker } from './dataPicker.ts';
import { byId } from './elements.ts';
import { takeFiles } from './fileDrop.ts';
import { formatDuration } from './format.ts';
import { nextTask } from './nextTask.ts';
import { settingsOf, type PageOptions } from './pageOptions.ts';
import type { ResultShelf } from './result/resultShelf.ts';
import { Automation } from './run/automation.ts';
import { runInWorker, type RunOutcome } from './run/benchmarkRun.ts';
import { RunPanel } from './run/runPanel.ts';
import { VerifyPanel } from './run/verifyPanel.ts';
import { adapterSentence, errorSentence } from './sentences.ts';
import { findWebGpu, type WebGpu } from './webgpu.ts';
import { BenchmarkWorker } from './worker/benchmarkWorker.ts';

export class App {
  /** For scripts that drive the page. */
  readonly automation = new Automation();
  readonly #options: PageOptions;
  /** What is wrong with the address, a sentence each. */
  #problems: readonly string[];
  readonly #button = byId('start', HTMLButtonElement);
  readonly #anew = byId('anew', HTMLButtonElement);
  readonly #panel = new RunPanel();
  readonly #picker: DataPicker;
  readonly #verify: VerifyPanel;
  #webGpu: WebGpu | undefined;
  #worker: Promise<BenchmarkWorker> | undefined;
  #shelf: Promise<ResultShelf> | undefined;
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
        // What was begun on other data cannot be gone on with.
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
      else void this.#run(this.#stopped);
    });
    this.#anew.addEventListener('click', () => {
      // The button is gone once it runs, and the focus should not be.
      this.#button.focus();
      void this.#run();
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
    this.#describe(this.#webGpu);
    this.#showProblem(this.#problems.join(' '));
    this.#isReady = true;
    this.#refresh();
    await this.#openHash();
    // Nobody asked for a run with options other than those in the address.
    if (this.#options.auto && this.#problems.length === 0) await this.#run();
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

  async #run(resume?: BenchmarkResult): Promise<void> {
    const stop = new AbortController();
    this.#stop = stop;
    this.#stopped = undefined;
    this.#refresh();
    this.#showProblem('');
    this.automation.begin();
    this.#panel.begin('Starting');
    let outcome: RunOutcome;
    try {
      outcome = await runInWorker({
        worker: await this.#startedWorker(),
        settings: settingsOf(this.#options),
        data: await this.#picker.source(),
        resume,
        signal: stop.signal,
        hasGpu: this.#webGpu?.adapter !== undefined,
        isSoftware: this.#isSoftware,
        panel: this.#panel,
        onData: (data) => this.#picker.describe(data),
      });
    } catch (error) {
      outcome = { error };
    }
    this.#stop = undefined;
    // A run that was stopped once more before it had finished anything is where it was.
    const result = outcome.result ?? resume;
    await this.#finish(result, outcome.error, stop.signal);
  }

  async #finish(
    result: BenchmarkResult | undefined,
    error: unknown,
    signal: AbortSignal,
  ): Promise<void> {
    const isStopped = signal.aborted || error !== undefined;
    this.#stopped = isStopped && result && result.workloads.length > 0 ? result : undefined;
    this.#refresh();
    const took = `Done in ${formatDuration(this.#panel.elapsedSeconds)}`;
    if (error !== undefined && !signal.aborted) {
      this.#panel.end('Stopped by an error', '', false);
      this.#showProblem(errorSentence(error));
    } else if (isStopped) {
      const kept = this.#stopped
        ? 'What was finished by then is shown; resume to go on from there.'
        : 'Nothing was finished by then.';
      this.#panel.end('Stopped', kept, false);
    } else {
      this.#panel.end(took, '', true);
    }
    if (result) {
      const shelf = await this.#loadedShelf();
      await nextTask();
      await shelf.showOwn(result);
      byId('result', HTMLElement).scrollIntoView();
      this.automation.end(result);
    } else {
      this.automation.fail(error);
    }
  }

  /** What is under way may first have to finish what cannot be stopped, such as a kernel that is compiled. */
  #abort(stop: AbortController): void {
    stop.abort();
    this.#panel.say('Stopping');
  }

  async #openHash(): Promise<void> {
    const { hash } = location;
    if (!new URLSearchParams(hash.slice(1)).has('result')) return;
    await this.#open(async () => {
      const { openLink } = await import('./share/openResult.ts');
      return [await openLink(hash)];
    });
  }

  async #openFiles(files: readonly File[]): Promise<void> {
    await this.#open(async () => {
      const { openFile } = await import('./share/openResult.ts');
      return await Promise.all(files.map((file) => openFile(file)));
    });
  }

  async #open(
    read: () => Promise<readonly { readonly result: BenchmarkResult; readonly origin: string }[]>,
  ): Promise<void> {
    this.#showProblem('');
    try {
      const opened = await read();
      const shelf = await this.#loadedShelf();
      for (const { result, origin } of opened) await shelf.open(result, origin);
      if (!this.#stop) byId('result', HTMLElement).scrollIntoView();
    } catch (error) {
      this.#showProblem(errorSentence(error));
    }
  }

  /** Lets be pressed what can be. */
  #refresh(): void {
    const isRunning = this.#stop !== undefined;
    const isBusy = isRunning || this.#isChecking || !this.#isReady;
    const idle = this.#stopped ? 'Resume' : 'Start';
    this.#button.textContent = isRunning ? 'Stop' : idle;
    this.#button.classList.toggle('is-stop', isRunning);
    // While something else than a run is busy, nothing can be started.
    this.#button.disabled = isBusy && !isRunning;
    this.#anew.hidden = isRunning || !this.#stopped;
    this.#anew.disabled = isBusy;
    this.#picker.isEnabled = !isBusy;
    this.#verify.isEnabled = !isRunning && this.#webGpu?.adapter !== undefined;
  }

  #describe(webGpu: WebGpu): void {
    const place = byId('webgpu', HTMLElement);
    place.textContent = webGpu.adapter ? adapterSentence(webGpu.adapter) : webGpu.missing;
    place.className = webGpu.adapter ? 'small' : 'problem';
    const gpu = webGpu.adapter ? (webGpu.adapter.isSoftware ? 'software' : 'hardware') : 'none';
    const settings = settingsOf(this.#options);
    try {
      const seconds = expectedRunSeconds(decideSettings(settings, gpu));
      byId('duration', HTMLElement).textContent = `Takes about ${formatDuration(seconds)}.`;
    } catch (error) {
      // What each option says makes sense, and all of them together do not on this machine.
      if (!(error instanceof ConfigurationError)) throw error;
      this.#problems = [...this.#problems, error.message];
    }
  }

  #showProblem(text: string): void {
    const place = byId('problem', HTMLElement);
    place.textContent = text;
    place.hidden = text === '';
  }
}
