/** How far the run is: what is being done, the progress bar, the time left. */
import type { MainJobEvent } from '../benchmark/mainJob.ts';
import { byId } from './elements.ts';
import { formatCount, timeLeft } from './sentences.ts';

const sideNames = { cpu: 'CPU', webgpu: 'GPU' };

/** Milliseconds between two updates of what changes all the time. */
const updateEveryMs = 100;

export class RunPanel {
  readonly #root = byId('run', HTMLElement);
  readonly #status = byId('status', HTMLElement);
  readonly #left = byId('left', HTMLElement);
  readonly #progress = byId('progress', HTMLProgressElement);
  readonly #detail = byId('detail', HTMLElement);
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
    this.#show(0, '', '');
  }

  /** Something that is prepared and has no curves. */
  prepare(done: number): void {
    if (this.#isTooSoon()) return;
    this.#show(done, '', '');
  }

  /** @param isSoftware whether what counts as the GPU is none */
  update(event: Extract<MainJobEvent, { type: 'progress' }>, isSoftware: boolean): void {
    const { preset, side, done, epoch, step, samplesPerSecond } = event;
    const software = side === 'webgpu' && isSoftware ? ' (software)' : '';
    this.say(`Training ${preset} on the ${sideNames[side]}${software}`);
    if (this.#isTooSoon()) return;
    const detail = `epoch ${epoch}, step ${formatCount(step)}, ${formatCount(samplesPerSecond)} samples/s`;
    this.#show(done, timeLeft(this.elapsedSeconds, done), detail);
    document.title = `${Math.floor(done * 100)}\u00a0% · nudge`;
  }

  /** It is over; what the bar shows of a run that stopped halfway stays. */
  end(status: string, detail: string, isComplete: boolean): void {
    this.say(status);
    this.#show(isComplete ? 1 : this.#progress.value, '', detail);
    document.title = this.#title;
  }

  /** Screen readers read the status out whenever it is written, so it is written when it changes. */
  say(status: string): void {
    if (this.#status.textContent !== status) this.#status.textContent = status;
  }

  #isTooSoon(): boolean {
    const now = performance.now();
    if (now - this.#updated < updateEveryMs) return true;
    this.#updated = now;
    return false;
  }

  #show(done: number, left: string, detail: string): void {
    this.#progress.value = done;
    this.#left.textContent = left;
    this.#detail.textContent = detail;
  }
}
