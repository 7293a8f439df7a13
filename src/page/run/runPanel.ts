/** The progress of a run: what is being done, a bar, and the time left. */
import { byId } from '../elements.ts';
import { timeLeft } from '../format.ts';

/** Milliseconds between two updates, so that drawing takes little time from the measurement. */
const updateEveryMs = 250;

export class RunPanel {
  readonly #root = byId('run', HTMLElement);
  readonly #status = byId('status', HTMLElement);
  readonly #doing = byId('doing', HTMLElement);
  readonly #left = byId('left', HTMLElement);
  readonly #progress = byId('progress', HTMLProgressElement);
  readonly #title = document.title;
  #start = 0;
  #updated = 0;

  /** Since `begin`. */
  get elapsedSeconds(): number {
    return (performance.now() - this.#start) / 1000;
  }

  begin(): void {
    this.#root.hidden = false;
    this.#start = performance.now();
    this.say('Starting');
    this.#write('', '', 0);
    this.#progress.hidden = false;
  }

  /** @param why the run cannot begin yet */
  wait(why: string): void {
    this.say(why);
    this.#progress.hidden = true;
  }

  /** @param done share of the run, 0 to 1 */
  update(doing: string, done: number): void {
    const now = performance.now();
    if (now - this.#updated < updateEveryMs) return;
    this.#updated = now;
    this.#write(doing, timeLeft(this.elapsedSeconds, done), done);
    document.title = `${Math.floor(done * 100)}\u00a0% · nudge`;
  }

  /** Ends the progress. The bar stays if the run stopped halfway. */
  end(status: string, detail = '', isComplete = false): void {
    this.say(status);
    this.#write(detail, '', this.#progress.value);
    this.#progress.hidden = isComplete || this.#progress.value === 0;
    document.title = this.#title;
  }

  /** Writes a changed status only, because screen readers read it whenever it is written. */
  say(status: string): void {
    if (this.#status.textContent !== status) this.#status.textContent = status;
  }

  #write(doing: string, left: string, done: number): void {
    this.#doing.textContent = doing;
    this.#left.textContent = left;
    this.#progress.value = done;
  }
}
