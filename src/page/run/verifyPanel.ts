/** "Verify on my machine": checks every kernel against the float64 reference in this browser. */
import { atLimitNote, isAtLimit } from '../../benchmark/verification/atLimit.ts';
import type { Check, VerificationReport } from '../../benchmark/verification/verify.ts';
import { adapterName } from '../../gpu/adapter.ts';
import { byId, make, makeTable, type Cell } from '../elements.ts';
import { formatSmall, formatThree } from '../format.ts';
import { errorSentence } from '../sentences.ts';
import type { BenchmarkWorker } from '../worker/benchmarkWorker.ts';
import { measureAlone } from './measuring.ts';

/** Milliseconds between two updates of the progress bar. */
const updateEveryMs = 100;

export interface VerifyPanelOptions {
  readonly seed: number;
  readonly worker: () => Promise<BenchmarkWorker>;
  /** Called when the checks begin and end. */
  readonly onBusy: (isBusy: boolean) => void;
}

export class VerifyPanel {
  readonly #options: VerifyPanelOptions;
  readonly #button = byId('verify', HTMLButtonElement);
  readonly #status = byId('verify-status', HTMLElement);
  readonly #progress = byId('verify-progress', HTMLProgressElement);
  readonly #report = byId('verify-report', HTMLElement);
  #stop: AbortController | undefined;
  #updated = 0;

  constructor(options: VerifyPanelOptions) {
    this.#options = options;
    this.#button.addEventListener('click', () => {
      if (!this.#stop) return void this.#run();
      this.#stop.abort();
      this.#say('Stopping');
    });
  }

  set isEnabled(isEnabled: boolean) {
    this.#button.disabled = !isEnabled;
  }

  async #run(): Promise<void> {
    const { seed, worker, onBusy } = this.#options;
    const { signal } = (this.#stop = new AbortController());
    onBusy(true);
    this.#button.textContent = 'Stop';
    this.#progress.hidden = false;
    this.#progress.value = 0;
    this.#report.replaceChildren();
    this.#say('Checking');
    try {
      const wait = () => this.#say('Another tab is measuring. This one starts when that is done.');
      const onEvent = ({ done, check }: { readonly done: number; readonly check: string }) =>
        this.#update(done, check);
      const report = await measureAlone(signal, wait, async () => {
        this.#say('Checking');
        return await (await worker()).call('verify', { seed, rounds: 2 }, { signal, onEvent });
      });
      this.#show(report);
    } catch (error) {
      this.#say(signal.aborted ? 'Stopped.' : errorSentence(error));
    } finally {
      this.#stop = undefined;
      this.#progress.hidden = true;
      this.#button.textContent = 'Verify on my machine';
      onBusy(false);
    }
  }

  #update(done: number, check: string): void {
    const now = performance.now();
    if (now - this.#updated < updateEveryMs || this.#stop?.signal.aborted === true) return;
    this.#updated = now;
    this.#progress.value = done;
    this.#say(`Checking: ${check}`);
  }

  #show({ checks, passed, adapter }: VerificationReport): void {
    const failed = checks.filter((check) => !check.passed).length;
    this.#say(
      passed
        ? `All ${checks.length} checks passed on ${adapterName(adapter)}.`
        : `${failed} of ${checks.length} checks failed on ${adapterName(adapter)}. Update the browser or the graphics ` +
            'driver. If that does not help, please report it with this table.',
    );
    const rows = checks.map((check): Cell[] => [
      check.name,
      String(check.cases),
      worstCell(check),
      check.passed ? 'passed' : make('b', `failed: ${check.failed ?? ''}`),
    ]);
    this.#report.replaceChildren(
      makeTable('Checks', ['check', 'cases', 'worst error', 'outcome'], rows),
      ...(checks.some(isAtLimit) ? [make('p.small.note', atLimitNote)] : []),
    );
  }

  #say(text: string): void {
    if (this.#status.textContent !== text) this.#status.textContent = text;
  }
}

function worstCell(check: Check): Cell {
  const { worst } = check;
  if (worst === 0) return 'exact';
  if (isAtLimit(check)) return make('span', '1.00', make('span.below', 'see below'));
  // 1.004 in three digits would read as 1, which passes.
  if (worst > 1) return worst < 1.01 ? 'just above 1' : formatThree(worst);
  return formatSmall(worst);
}
