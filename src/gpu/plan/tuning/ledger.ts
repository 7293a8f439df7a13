/**
 * Records the measurements and checks of a tuning, so that a later one can resume it. The later tuning asks the same
 * questions in the same order. It gets the recorded answers with their recorded times until it asks something new.
 */
import type { Kernel } from '../../../../shaders/kernel.ts';
import type { Plan } from '../plan.ts';
import { hashOf } from '../cache.ts';

/** One measurement, or one check. Plain data. */
export interface LedgerEntry {
  /** Identifies the measurement or check: a hash of the kernel code or of the plan. */
  readonly key: string;
  /**
   * Measurement: the seconds that the kernels took. Check: the reason why the plan cannot be used, or null if it can.
   */
  readonly found: number | string | null;
  /** Milliseconds of tuning until then. */
  readonly at: number;
}

export class Ledger {
  /** Recorded entries not yet asked for again, by key, in order. */
  readonly #known = new Map<string, LedgerEntry[]>();
  readonly #onEntry: (entry: LedgerEntry) => void;
  readonly #before: number;
  #replayedTo = 0;
  /** Time when the first new answer was requested. */
  #start: number | undefined;

  /** @param onEntry called with each new entry */
  constructor(known: readonly LedgerEntry[], onEntry: (entry: LedgerEntry) => void) {
    this.#onEntry = onEntry;
    this.#before = Math.max(0, ...known.map(({ at }) => at));
    if (known.length === 0) this.#start = performance.now();
    for (const entry of known) {
      const of = this.#known.get(entry.key);
      if (of) of.push(entry);
      else this.#known.set(entry.key, [entry]);
    }
  }

  /** Milliseconds of tuning so far, including earlier tunings. */
  get elapsed(): number {
    if (this.#start === undefined) return this.#replayedTo;
    return this.#before + performance.now() - this.#start;
  }

  /** Returns the seconds that kernels take, recorded or from `measure`. */
  async time(kernels: readonly Kernel[], measure: () => Promise<number>): Promise<number> {
    const code = kernels.map((kernel) => `${kernel.workgroups.join()} ${kernel.code}`).join('\n');
    return await this.#ask<number>(`kernels ${keyOf(code)}`, measure);
  }

  /** Returns why a plan cannot be used, or null if it can, recorded or from `check`. */
  async check(plan: Plan, check: () => Promise<string | null>): Promise<string | null> {
    return await this.#ask<string | null>(`plan ${keyOf(JSON.stringify(plan))}`, check);
  }

  async #ask<Found extends LedgerEntry['found']>(
    key: string,
    find: () => Promise<Found>,
  ): Promise<Found> {
    const known = this.#known.get(key)?.shift();
    if (known) {
      this.#replayedTo = Math.max(this.#replayedTo, known.at);
      return known.found as Found;
    }
    this.#start ??= performance.now();
    const found = await find();
    this.#onEntry({ key, found, at: this.elapsed });
    return found;
  }
}

/** A 32-bit hash and the length: enough to tell the few hundred kernels of a network apart. */
function keyOf(text: string): string {
  return `${hashOf(text)}-${text.length}`;
}
