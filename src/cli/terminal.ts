/**
 * Where text goes. Results go to stdout; notes, progress and errors to stderr, so that a pipe gets results
 * alone. Bars and colours are for terminals; where output is piped there are no control characters.
 */
import { SingleBar } from 'cli-progress';

import { formatSeconds } from './table.ts';

export interface Streams {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface Bar {
  /** Shows how far it is; the values of `words` replace the words in the bar's format. */
  update(value: number, words?: Readonly<Record<string, string>>): void;
  /** Takes it off the screen. */
  stop(): void;
}

export class Terminal {
  readonly #streams: Streams;
  /** Whether stdout belongs to the JSON report. */
  readonly #jsonOnStdout: boolean;
  #bar: { readonly hide: () => void; readonly show: () => void } | undefined;

  constructor(streams: Streams, options: { readonly jsonOnStdout?: boolean } = {}) {
    this.#streams = streams;
    this.#jsonOnStdout = options.jsonOnStdout ?? false;
  }

  /** A line of the result. */
  result(line: string): void {
    this.#write(this.#resultStream, line);
  }

  /** A line that makes a result easier to follow, for who is watching. */
  detail(line: string): void {
    if (this.#resultStream.isTTY) this.#write(this.#resultStream, line);
  }

  /** What the user should know and did not ask for. */
  note(line: string): void {
    this.#write(this.#streams.stderr, this.#style('2', line));
  }

  /** A note for who is watching. */
  remark(line: string): void {
    if (this.#streams.stderr.isTTY) this.note(line);
  }

  error(text: string): void {
    this.#write(this.#streams.stderr, `${this.#style('1;31', 'error:')} ${text}`);
  }

  /** The JSON report, to stdout. */
  json(text: string): void {
    this.#write(this.#streams.stdout, text);
  }

  /**
   * A progress bar, which shows itself on a terminal only. Lines written meanwhile appear above it.
   * @param format with {bar}, {percentage}, {left} for the time that is left, and words of the caller's
   */
  bar(format: string, total: number, words: Readonly<Record<string, string>> = {}): Bar {
    if (!this.#streams.stderr.isTTY) return { update: nothing, stop: nothing };
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
    show();
    this.#bar = { hide, show };
    // A bar keeps lines from wrapping; the terminal must not be left so when the process is ended.
    process.once('exit', hide);
    return {
      update: (value, more = {}) => {
        const seconds = (performance.now() - begun) / 1000;
        const left = value > 0 ? formatSeconds((seconds * (total - value)) / value) : '…';
        state.value = value;
        state.words = { ...state.words, ...more, left };
        bar.update(value, state.words);
      },
      stop: () => {
        process.off('exit', hide);
        hide();
        this.#bar = undefined;
      },
    };
  }

  get #resultStream(): NodeJS.WriteStream {
    return this.#jsonOnStdout ? this.#streams.stderr : this.#streams.stdout;
  }

  #write(stream: NodeJS.WriteStream, line: string): void {
    // The bar notes its place on the screen when it starts, so it starts again below the line.
    const bar = stream.isTTY ? this.#bar : undefined;
    bar?.hide();
    stream.write(`${line}\n`);
    bar?.show();
  }

  #style(code: string, text: string): string {
    const { stderr, environment } = this.#streams;
    const { NO_COLOR, TERM } = environment;
    const isPlain = !stderr.isTTY || (NO_COLOR !== undefined && NO_COLOR !== '') || TERM === 'dumb';
    return isPlain ? text : `\u001b[${code}m${text}\u001b[0m`;
  }
}

const nothing = () => undefined;

/**
 * A reader that has seen enough closes the pipe, `nudge doctor | head -1` for one, and a window that is closed takes
 * its terminal along (EIO); neither is a failure of the work.
 */
export function tolerateClosedPipes(...streams: readonly NodeJS.WriteStream[]): void {
  for (const stream of streams) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
    });
  }
}
