/**
 * What a tuning measures and checks, so that a later one can go on from it. The later one asks the same questions in
 * the same order and is given the answers of before, at the times of before, until it asks for something new.
 */
import type { Kernel } from '../../../../shaders/kernel.ts';
import type { Plan } from '../plan.ts';
import { hashOf } from '../cache.ts';

/** One measurement, or one check. Plain data. */
export interface LedgerEntry {
  /** Of what was measured or checked: a hash of the kernels' code, or of the plan. */
  readonly key: string;
  /** Seconds that the kernels took; or why the plan cannot be used, null where it can. */
  readonly found: number | string | null;
  /** Milliseconds of tuning up to then. */
  readonly at: number;
}

export class Ledger {
  /** What was found before and not asked for again yet, by key, in order. */
  readonly #known = new Map<string, LedgerEntry[]>();
  readonly #onEntry: (entry: LedgerEntry) => void;
  readonly #before: number;
  #replayedTo = 0;
  /** When the first new answer was asked for. */
  #start: number | undefined;

  /** @param onEntry takes each new entry */
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

  /** Milliseconds of tuning so far, those of before included. */
  get elapsed(): number {
    if (this.#start === undefined) return this.#replayedTo;
    return this.#before + performance.now() - this.#start;
  }

  /** Seconds that kernels take, as `measure` says unless it was measured before. */
  async time(kernels: readonly Kernel[], measure: () => Promise<number>): Promise<number> {
    const code = kernels.map((kernel) => `${kernel.workgroups.join()} ${kernel.code}`).join('\n');
    return await this.#ask<number>(`kernels ${keyOf(code)}`, measure);
  }

  /** Why a plan cannot be used, as `check` says unless it was checked before; null where it can. */
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

/** 32 bits and the length: enough to tell the few hundred kernels of a network apart. */
function keyOf(text: string): string {
  return `${hashOf(text)}-${text.length}`;
}
