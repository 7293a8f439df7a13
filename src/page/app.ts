/** Puts the page's parts together: what is chosen, the run and its button, the result. */
import { runMainJob, type MainJobEvent, type MainJobResult } from '../benchmark/mainJob.ts';
import { presets, type PresetName } from '../network/presets.ts';
import { stepsPerEpoch } from '../training/batches.ts';
import { DataPicker } from './dataPicker.ts';
import { byId } from './elements.ts';
import { expectedSeconds, planSentence, type Plan } from './expectation.ts';
import { generateDigits, testCountFor, type PageData } from './pageData.ts';
import type { PageOptions } from './pageOptions.ts';
import { PresetCard } from './presetCard.ts';
import { RunPanel } from './runPanel.ts';
import {
  adapterSentence,
  errorSentence,
  formatCount,
  formatDuration,
  resultSentence,
} from './sentences.ts';
import { findWebGpu, type WebGpu } from './webgpu.ts';

export class App {
  readonly #options: PageOptions;
  readonly #problems: readonly string[];
  readonly #button = byId('train', HTMLButtonElement);
  readonly #panel = new RunPanel();
  readonly #picker: DataPicker;
  readonly #cards = new Map<PresetName, PresetCard>();
  #webGpu: WebGpu | undefined;
  /** Generated once, and kept for the next run. */
  #digits: PageData | undefined;
  /** Of the run under way. */
  #stop: AbortController | undefined;

  constructor({ options, problems }: { options: PageOptions; problems: readonly string[] }) {
    this.#options = options;
    this.#problems = problems;
    this.#picker = new DataPicker({
      samples: options.samples,
      onChange: (problem) => {
        this.#showProblem(problem === undefined ? '' : errorSentence(problem));
        this.#promise();
      },
    });
    this.#button.addEventListener('click', () => {
      if (this.#stop) this.#abort(this.#stop);
      else void this.#run();
    });
  }

  /** Gets the page ready to train, and trains where the address says so. */
  async start(): Promise<void> {
    this.#showProblem(this.#problems.join(' '));
    this.#webGpu = await findWebGpu(
      'gpu' in navigator ? navigator.gpu : undefined,
      isSecureContext ? undefined : location.origin,
    );
    this.#describe(this.#webGpu);
    this.#setRunning(false);
    // Nobody asked for a run with options other than those in the address.
    if (this.#options.auto && this.#problems.length === 0) await this.#run();
  }

  get #isSoftware(): boolean {
    return this.#webGpu?.adapter?.isSoftware === true;
  }

  async #run(): Promise<void> {
    const { presets: names, epochs, seed } = this.#options;
    const stop = new AbortController();
    const { signal } = stop;
    this.#stop = stop;
    this.#setRunning(true);
    this.#showProblem('');
    this.#clear();
    try {
      const files = await this.#picker.filesOnceRead();
      const { training, test } = files ?? (await this.#generate(signal));
      this.#layOut(training.sampleCount);
      this.#panel.begin('Starting');
      const result = await runMainJob({
        training,
        test,
        presets: names,
        epochs,
        seed,
        signal,
        isVisible: () => !document.hidden,
        onEvent: (event) => this.#take(event),
      });
      this.#finish(result);
    } catch (error) {
      this.#break(error, signal);
    } finally {
      this.#stop = undefined;
      this.#setRunning(false);
    }
  }

  async #generate(signal: AbortSignal): Promise<PageData> {
    const { samples } = this.#options;
    if (this.#digits) return this.#digits;
    this.#panel.begin(`Drawing ${formatCount(samples + testCountFor(samples))} digits`);
    const report = (done: number) => this.#panel.prepare(done);
    this.#digits = await generateDigits(samples, report, signal);
    return this.#digits;
  }

  /** The side under way may first have to finish what cannot be stopped, such as its test. */
  #abort(stop: AbortController): void {
    stop.abort();
    this.#panel.say('Stopping');
  }

  #clear(): void {
    for (const card of this.#cards.values()) card.remove();
    this.#cards.clear();
  }

  #layOut(sampleCount: number): void {
    const { presets: names, epochs } = this.#options;
    const parent = byId('cards', HTMLElement);
    for (const preset of names) {
      const steps = epochs * stepsPerEpoch(sampleCount, presets[preset].batchSize);
      const card = new PresetCard(parent, preset, { steps, epochs, isSoftware: this.#isSoftware });
      this.#cards.set(preset, card);
    }
    byId('legend', HTMLElement).hidden = false;
  }

  #take(event: MainJobEvent): void {
    const card = this.#cards.get(event.preset);
    if (event.type === 'side') {
      card?.showSide(event.side, event.result);
    } else {
      card?.progress(event);
      this.#panel.update(event, this.#isSoftware);
    }
  }

  #finish(result: MainJobResult): void {
    const { adapter, noAdapter, rows } = result;
    for (const row of rows) {
      this.#cards.get(row.preset)?.showRow(row, adapter?.isSoftware === true);
    }
    const missing = this.#webGpu?.adapter ? noAdapter : 'Trained on the CPU alone.';
    this.#panel.end(
      `Done in ${formatDuration(this.#panel.elapsedSeconds)}`,
      adapter ? resultSentence(adapter) : (missing ?? ''),
      true,
    );
    // For tests and other scripts that wait for it.
    document.dispatchEvent(new CustomEvent('nudge:done', { detail: result }));
  }

  #break(error: unknown, signal: AbortSignal): void {
    for (const card of this.#cards.values()) card.stop();
    if (signal.aborted && error === signal.reason) {
      this.#panel.end(
        'Stopped',
        'What was finished by then is shown; train again to start anew.',
        false,
      );
    } else {
      this.#panel.end('Stopped by an error', '', false);
      this.#showProblem(errorSentence(error));
    }
  }

  #setRunning(isRunning: boolean): void {
    const idle = this.#webGpu?.adapter ? 'Train' : 'Train on the CPU';
    this.#button.textContent = isRunning ? 'Stop' : idle;
    this.#button.classList.toggle('is-stop', isRunning);
    this.#button.disabled = false;
    this.#picker.isEnabled = !isRunning;
  }

  #describe(webGpu: WebGpu): void {
    const place = byId('webgpu', HTMLElement);
    place.textContent = webGpu.adapter ? adapterSentence(webGpu.adapter) : webGpu.missing;
    place.className = webGpu.adapter ? 'small' : 'problem';
    this.#promise();
  }

  /** Says what pressing the button will do. */
  #promise(): void {
    const { presets: names, epochs, samples } = this.#options;
    const adapter = this.#webGpu?.adapter;
    const plan: Plan = {
      presets: names,
      epochs,
      trainingCount: this.#picker.files?.training.sampleCount ?? samples,
      gpu: adapter ? (adapter.isSoftware ? 'software' : 'hardware') : 'none',
    };
    byId('plan', HTMLElement).textContent = planSentence(plan);
    byId('duration', HTMLElement).textContent =
      `It takes about ${formatDuration(expectedSeconds(plan))}.`;
  }

  #showProblem(text: string): void {
    const place = byId('problem', HTMLElement);
    place.textContent = text;
    place.hidden = text === '';
  }
}
