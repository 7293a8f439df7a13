/** The part of the page that shows the training data, and takes MNIST files instead. */
import { onColorsChange } from './colors.ts';
import { byId } from './elements.ts';
import { formatCount } from './format.ts';
import { drawSamples } from './sampleSheet.ts';
import { testCountFor } from './testCount.ts';
import type { DataDescription, DataSource } from './worker/protocol.ts';

export interface DataPickerOptions {
  /** Training samples at most. */
  readonly samples: number;
  /** Reads the files, in the worker. */
  readonly load: (source: DataSource) => Promise<DataDescription>;
  /** Told when there may be other data, with what went wrong if something did. */
  readonly onChange: (problem: unknown) => void;
}

export class DataPicker {
  readonly #options: DataPickerOptions;
  readonly #caption = byId('data', HTMLElement);
  readonly #canvas = byId('samples', HTMLCanvasElement);
  readonly #input = byId('files', HTMLInputElement);
  readonly #generated = byId('generated', HTMLButtonElement);
  #source: DataSource;
  /** Of the source, once it is loaded. */
  #description: DataDescription | undefined;
  #isEnabled = false;
  #filesTaken = 0;
  /** Resolves when the files chosen last have been read, or refused. */
  #reading: Promise<void> | undefined;

  constructor(options: DataPickerOptions) {
    this.#options = options;
    this.#source = this.#digits();
    this.#show();
    this.#input.addEventListener('change', () => {
      const files = [...(this.#input.files ?? [])];
      // So that choosing the same files again is a change again.
      this.#input.value = '';
      this.take(files);
    });
    this.#generated.addEventListener('click', () => {
      this.#source = this.#digits();
      this.#description = undefined;
      this.#show();
      this.#options.onChange(undefined);
      // The button is gone, and the focus should not be.
      this.#input.focus();
    });
    onColorsChange(() => this.#show());
  }

  /** The training data, after files that are being read. */
  async source(): Promise<DataSource> {
    await this.#reading;
    return this.#source;
  }

  /** Whether other data can be chosen: not while a network trains on these. */
  set isEnabled(enabled: boolean) {
    this.#isEnabled = enabled;
    this.#enableControls();
  }

  /** Files that may be MNIST's. */
  take(files: readonly File[]): void {
    if (files.length === 0 || !this.#takesFiles) return;
    this.#reading = this.#read(files);
    this.#enableControls();
  }

  /** Shows what was loaded. */
  describe(description: DataDescription): void {
    this.#description = description;
    this.#show();
  }

  get #takesFiles(): boolean {
    return this.#isEnabled && this.#reading === undefined;
  }

  #digits(): DataSource {
    const { samples } = this.#options;
    return {
      kind: 'digits',
      options: { trainingCount: samples, testCount: testCountFor(samples) },
    };
  }

  #enableControls(): void {
    this.#input.disabled = this.#generated.disabled = !this.#takesFiles;
  }

  async #read(files: readonly File[]): Promise<void> {
    this.#caption.textContent = 'Reading the files…';
    const source: DataSource = {
      kind: 'files',
      id: ++this.#filesTaken,
      files,
      samples: this.#options.samples,
    };
    let problem: unknown;
    try {
      this.#description = await this.#options.load(source);
      this.#source = source;
    } catch (error) {
      problem = error;
    }
    this.#reading = undefined;
    this.#enableControls();
    this.#show();
    this.#options.onChange(problem);
  }

  #show(): void {
    const { samples } = this.#options;
    const description = this.#description;
    const training = formatCount(description?.trainingCount ?? samples);
    const test = formatCount(description?.testCount ?? testCountFor(samples));
    const isFiles = this.#source.kind === 'files';
    this.#caption.textContent = `${isFiles ? 'Your MNIST files' : 'Generated digits'}: ${training} for training, ${test} for testing.`;
    this.#generated.hidden = !isFiles;
    this.#canvas.hidden = description === undefined;
    if (description) drawSamples(this.#canvas, description.preview);
  }
}
