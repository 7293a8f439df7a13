/**
 * Writes text for people. Results go to stdout; notes, progress and errors go to stderr, so that a pipe receives results
 * only. Only a terminal gets progress bars and colours; a pipe and a terminal of type `dumb` get no control characters.
 */
import { SingleBar } from 'cli-progress';

import { FileError } from './errors.ts';
import { reasonOf } from './files.ts';
import { formatSeconds } from './table.ts';

export interface Streams {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface Bar {
  /** Moves the bar; `words` replace the names in braces of its format. */
  update(value: number, words?: Readonly<Record<string, string>>): void;
  /** Removes the bar from the screen. */
  stop(): void;
}

export class Terminal {
  readonly #streams: Streams;
  /** stderr where stdout belongs to the JSON report. */
  readonly #results: NodeJS.WriteStream;
  #bar: (Pick<Bar, 'stop'> & { readonly hide: () => void; readonly show: () => void }) | undefined;

  constructor(streams: Streams, options: { readonly jsonOnStdout?: boolean } = {}) {
    this.#streams = streams;
    this.#results = options.jsonOnStdout === true ? streams.stderr : streams.stdout;
  }

  /** Writes lines of the result. */
  result(...lines: readonly string[]): void {
    for (const line of lines) this.#write(this.#results, line);
  }

  /** Writes an intermediate result, on a terminal only. */
  detail(line: string): void {
    if (this.#results.isTTY) this.result(line);
  }

  /** Writes information that the user did not ask for but needs. */
  note(line: string): void {
    this.#write(this.#streams.stderr, this.#style('2', line));
  }

  /** Writes a note, on a terminal only. */
  remark(line: string): void {
    if (this.#streams.stderr.isTTY) this.note(line);
  }

  error(text: string): void {
    this.#write(this.#streams.stderr, `${this.#style('1;31', 'error:')} ${text}`);
  }

  /** Writes the JSON report to stdout. */
  json(text: string): void {
    this.#write(this.#streams.stdout, text.trimEnd());
  }

  /**
   * Shows a progress bar, only on a terminal that can move its cursor. Lines written meanwhile appear above it.
   * @param format text with {bar}, {percentage}, {left} (remaining time) and the keys of `words` in braces
   */
  bar(format: string, total: number, words: Readonly<Record<string, string>> = {}): Bar {
    this.stopBar();
    if (!this.#hasControls) return { update: () => undefined, stop: () => undefined };
    const bar = new SingleBar({
      format,
      stream: this.#streams.stderr,
      barsize: 24,
      barCompleteChar: '=',
      barIncompleteChar: '-',
      clearOnComplete: true,
    });
    const begun = performance.now();
    const state = { value: 0, words: { left: '…', ...words } };
    const show = () => bar.start(total, state.value, state.words);
    const hide = () => bar.stop();
    const stop = () => {
      process.off('exit', hide);
      hide();
      this.#bar = undefined;
    };
    show();
    this.#bar = { hide, show, stop };
    // The bar turns line wrapping off. This turns it on again when the process ends early.
    process.once('exit', hide);
    return {
      update: (value, more = {}) => {
        const seconds = (performance.now() - begun) / 1000;
        const left = value > 0 ? formatSeconds((seconds * (total - value)) / value) : '…';
        state.value = value;
        state.words = { ...state.words, ...more, left };
        bar.update(value, state.words);
      },
      stop,
    };
  }

  /** Removes the bar from the screen, if there is one. */
  stopBar(): void {
    this.#bar?.stop();
  }

  #write(stream: NodeJS.WriteStream, line: string): void {
    // A bar remembers its screen position from its start, so it restarts below the line.
    const bar = stream.isTTY ? this.#bar : undefined;
    bar?.hide();
    stream.write(`${line}\n`);
    bar?.show();
  }

  #style(code: string, text: string): string {
    const { NO_COLOR = '' } = this.#streams.environment;
    return this.#hasControls && NO_COLOR === '' ? `\u001b[${code}m${text}\u001b[0m` : text;
  }

  /** Whether stderr understands control characters. A terminal of type `dumb`, as in Emacs, prints them. */
  get #hasControls(): boolean {
    const { stderr, environment } = this.#streams;
    return stderr.isTTY && environment.TERM !== 'dumb';
  }
}

/**
 * Keeps a command going if its text cannot be written, so that it still writes its files. A reader that has gone is no
 * failure: a closed pipe (EPIPE), as in `nudge doctor | head -1`, or a closed terminal window (EIO).
 * @param onFailure called at the first other error, such as a full disk
 */
export function tolerateWriteErrors(
  streams: readonly NodeJS.WriteStream[],
  onFailure: (error: FileError) => void,
): void {
  let hasFailed = false;
  for (const stream of streams) {
    stream.on('error', (cause: NodeJS.ErrnoException) => {
      if (cause.code === 'EPIPE' || cause.code === 'EIO' || hasFailed) return;
      hasFailed = true;
      const reason = `The output cannot be written: ${reasonOf(cause)}.`;
      onFailure(new FileError(`${reason} Make room, or send it elsewhere.`, { cause }));
    });
  }
}
