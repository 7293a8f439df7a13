/** Shows the training data, and takes MNIST files in place of the generated digits. */
import { byId } from './elements.ts';
import { formatCount } from './format.ts';
import { testCountFor } from './testCount.ts';
import type { DataDescription, DataSource } from './worker/protocol.ts';

export interface DataPickerOptions {
  /** The most training samples to use. */
  readonly samples: number;
  /** Reads files in the worker. */
  readonly load: (source: DataSource) => Promise<DataDescription>;
  /** Called when the data has changed, or with the error if it could not be read. */
  readonly onChange: (problem: unknown) => void;
}

export class DataPicker {
  readonly #options: DataPickerOptions;
  readonly #caption = byId('data', HTMLElement);
  readonly #canvas = byId('samples', HTMLCanvasElement);
  readonly #input = byId('files', HTMLInputElement);
  readonly #generated = byId('generated', HTMLButtonElement);
  readonly #digits: DataSource;
  #source: DataSource;
  #description: DataDescription | undefined;
  #isEnabled = false;
  #filesTaken = 0;
  /** Resolves when the latest files have been read or refused. */
  #reading: Promise<void> | undefined;

  constructor(options: DataPickerOptions) {
    const trainingCount = options.samples;
    const counts = { trainingCount, testCount: testCountFor(trainingCount) };
    this.#options = options;
    this.#source = this.#digits = { kind: 'digits', options: counts };
    this.#show();
    this.#generated.addEventListener('click', () => {
      this.#source = this.#digits;
      this.describe(undefined);
      options.onChange(undefined);
      // The focused button is hidden now.
      this.#input.focus();
    });
  }

  /** The training data, after files that are being read. */
  async source(): Promise<DataSource> {
    await this.#reading;
    return this.#source;
  }

  /** Whether the reader can choose other data, which is not possible during a run. */
  set isEnabled(enabled: boolean) {
    this.#isEnabled = enabled;
    this.#enableControls();
  }

  /** Reads files, which should be MNIST's. */
  take(files: readonly File[]): void {
    if (files.length === 0 || !this.#takesFiles) return;
    this.#reading = this.#read(files);
    this.#enableControls();
  }

  /** Shows the data that was loaded. */
  describe(description: DataDescription | undefined): void {
    this.#description = description;
    this.#show();
  }

  get #takesFiles(): boolean {
    return this.#isEnabled && this.#reading === undefined;
  }

  #enableControls(): void {
    this.#input.disabled = this.#generated.disabled = !this.#takesFiles;
  }

  async #read(files: readonly File[]): Promise<void> {
    this.#caption.textContent = 'Reading the files…';
    const { samples, load, onChange } = this.#options;
    const source = { kind: 'files', id: ++this.#filesTaken, files, samples } as const;
    let problem: unknown;
    try {
      this.#description = await load(source);
      this.#source = source;
    } catch (error) {
      problem = error;
    }
    this.#reading = undefined;
    this.#enableControls();
    this.#show();
    onChange(problem);
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

/** Draws the first three samples of each digit, 0 to 9 from left to right, in black on a transparent canvas. */
function drawSamples(
  canvas: HTMLCanvasElement,
  { features, labels }: DataDescription['preview'],
): void {
  const [columns, rows, size] = [10, 3, 28];
  // Setting the size clears the canvas.
  canvas.width = columns * size;
  canvas.height = rows * size;
  const context = canvas.getContext('2d');
  const drawn = Array<number>(columns).fill(0);
  for (const [n, column] of labels.entries()) {
    const row = drawn[column];
    if (!context || row === undefined || row >= rows) continue;
    drawn[column] = row + 1;
    const image = context.createImageData(size, size);
    for (let pixel = 0; pixel < size * size; pixel++) {
      image.data[pixel * 4 + 3] = features[n * size * size + pixel]!;
    }
    context.putImageData(image, column * size, row * size);
  }
}
