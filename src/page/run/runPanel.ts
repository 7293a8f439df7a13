/** How far the run is: what is being done, the progress bar, the time left. */
import { byId } from '../elements.ts';
import { timeLeft } from '../format.ts';

/** Milliseconds between two updates of what changes all the time: drawing takes time from what is measured. */
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

  /** Since the last beginning. */
  get elapsedSeconds(): number {
    return (performance.now() - this.#start) / 1000;
  }

  /** Starts anew, and with it the clock. */
  begin(status: string): void {
    this.#root.hidden = false;
    this.#start = performance.now();
    this.say(status);
    this.#write('', '', 0);
    this.#progress.hidden = false;
  }

  /** @param why it cannot begin yet */
  wait(why: string): void {
    this.say(why);
    this.#write('', '', 0);
    this.#progress.hidden = true;
  }

  /** @param done share of the whole, 0 to 1 */
  update(doing: string, done: number): void {
    const now = performance.now();
    if (now - this.#updated < updateEveryMs) return;
    this.#updated = now;
    this.#write(doing, timeLeft(this.elapsedSeconds, done), done);
    document.title = `${Math.floor(done * 100)}\u00a0% · nudge`;
  }

  /** It is over. The bar of a run that stopped halfway stays. */
  end(status: string, detail: string, isComplete: boolean): void {
    this.say(status);
    this.#write(detail, '', this.#progress.value);
    this.#progress.hidden = isComplete || this.#progress.value === 0;
    document.title = this.#title;
  }

  /** Screen readers read the status whenever it is written, so it is written only when it changes, which is rare. */
  say(status: string): void {
    if (this.#status.textContent !== status) this.#status.textContent = status;
  }

  #write(doing: string, left: string, done: number): void {
    this.#doing.textContent = doing;
    this.#left.textContent = left;
    this.#progress.value = done;
  }
}
