/** The part of the page that says and shows what is learned from, and takes MNIST files instead. */
import { byId } from './elements.ts';
import { previewDigits, readFiles, testCountFor, type PageData } from './pageData.ts';
import { drawSamples } from './sampleSheet.ts';
import { formatCount } from './sentences.ts';

export interface DataPickerOptions {
  /** Training samples at most. */
  readonly samples: number;
  /** Told when there may be other data, with what went wrong if something did. */
  readonly onChange: (problem: unknown) => void;
}

export class DataPicker {
  readonly #options: DataPickerOptions;
  readonly #caption = byId('data', HTMLElement);
  readonly #canvas = byId('samples', HTMLCanvasElement);
  readonly #input = byId('files', HTMLInputElement);
  readonly #generated = byId('generated', HTMLButtonElement);
  #files: PageData | undefined;
  #isEnabled = false;
  /** Resolves when the files chosen last have been read, or refused. */
  #reading: Promise<void> | undefined;

  constructor(options: DataPickerOptions) {
    this.#options = options;
    this.#show();
    this.#input.addEventListener('change', () => {
      const files = [...(this.#input.files ?? [])];
      // So that choosing the same files again is a change again.
      this.#input.value = '';
      this.#take(files);
    });
    this.#generated.addEventListener('click', () => {
      this.#files = undefined;
      this.#show();
      this.#options.onChange(undefined);
      // The button is gone, and the focus should not be.
      this.#input.focus();
    });
    this.#acceptDrops();
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#show());
  }

  /** What the files held; undefined where digits are to be generated. */
  get files(): PageData | undefined {
    return this.#files;
  }

  /** {@link files}, once those that are being read have been. */
  async filesOnceRead(): Promise<PageData | undefined> {
    await this.#reading;
    return this.#files;
  }

  /** Whether other data can be chosen: not while a network learns from these. */
  set isEnabled(enabled: boolean) {
    this.#isEnabled = enabled;
    this.#enableControls();
  }

  get #takesFiles(): boolean {
    return this.#isEnabled && this.#reading === undefined;
  }

  #enableControls(): void {
    this.#input.disabled = this.#generated.disabled = !this.#takesFiles;
  }

  #take(files: readonly File[]): void {
    if (files.length === 0 || !this.#takesFiles) return;
    this.#reading = this.#read(files);
    this.#enableControls();
  }

  async #read(files: readonly File[]): Promise<void> {
    this.#caption.textContent = 'Reading the files…';
    let problem: unknown;
    try {
      this.#files = await readFiles(files, this.#options.samples);
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
    const files = this.#files;
    const training = formatCount(files?.training.sampleCount ?? samples);
    const test = formatCount(files?.test.sampleCount ?? testCountFor(samples));
    const what = files ? 'Training on your MNIST files' : 'Training on generated digits';
    this.#caption.textContent = `${what}: ${training} to learn from, ${test} to be tested on.`;
    this.#generated.hidden = files === undefined;
    drawSamples(this.#canvas, files?.training ?? previewDigits());
  }

  /** Files may be dropped anywhere: a page that is not ready for them is left for the file. */
  #acceptDrops(): void {
    const mark = (isDragging: boolean) =>
      document.body.classList.toggle('is-dragging', isDragging && this.#takesFiles);
    addEventListener('dragover', (event) => {
      event.preventDefault();
      mark(true);
    });
    addEventListener('dragleave', (event) => {
      if (event.relatedTarget === null) mark(false);
    });
    addEventListener('drop', (event) => {
      event.preventDefault();
      mark(false);
      const files = [...(event.dataTransfer?.files ?? [])];
      this.#take(files);
    });
  }
}
