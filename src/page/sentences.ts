/** What the page says about numbers: pure functions from figures to English. */
import type { Verdict } from '../benchmark/limit.ts';
import type { Agreement } from '../benchmark/mainJob.ts';
import { NudgeError } from '../errors.ts';
import { adapterName, type AdapterDescription } from '../gpu/adapter.ts';

/** 41200 → '41,200'. */
export function formatCount(count: number): string {
  return new Intl.NumberFormat('en', { maximumFractionDigits: 0 }).format(count);
}

/** 0.92134 → '92.13 %'. The space does not break. */
export function formatPercent(share: number): string {
  return `${(share * 100).toFixed(2)}\u00a0%`;
}

/** 0.30251 → '0.3025'. */
export function formatCost(cost: number): string {
  return cost.toFixed(4);
}

/** '0.48', '1.4', '12'. */
function formatRatio(ratio: number): string {
  return ratio >= 10 ? formatCount(ratio) : ratio.toFixed(ratio < 1 ? 2 : 1);
}

/** '8 s', '1 min 20 s', '12 min'; coarser the longer it is. */
export function formatDuration(seconds: number): string {
  if (seconds < 9.5) return `${Math.max(1, Math.round(seconds))}\u00a0s`;
  if (seconds < 57.5) return `${Math.round(seconds / 5) * 5}\u00a0s`;
  if (seconds >= 300) return `${Math.round(seconds / 60)}\u00a0min`;
  const tens = Math.round(seconds / 10);
  const rest = (tens % 6) * 10;
  return `${Math.floor(tens / 6)}\u00a0min${rest > 0 ? ` ${rest}\u00a0s` : ''}`;
}

/** How much is left of something that has taken `elapsedSeconds` for the share `done`; empty when it is too early to say. */
export function timeLeft(elapsedSeconds: number, done: number): string {
  if (elapsedSeconds < 2 || done < 0.02) return '';
  return `about ${formatDuration((elapsedSeconds * (1 - done)) / done)} left`;
}

/** What the ratio of GPU to CPU speed means. */
export function ratioSentence(ratio: number, isSoftware: boolean): string {
  const gpu = isSoftware ? 'WebGPU in software' : 'The GPU';
  if (ratio >= 1.05) return `${gpu} was ${formatRatio(ratio)} times as fast as the CPU.`;
  if (ratio > 0.95) return `${gpu} and the CPU were equally fast.`;
  return `${gpu} was slower than the CPU: ${formatRatio(ratio)} of its speed.`;
}

/** Which adapter it is. */
export function adapterSentence(adapter: AdapterDescription): string {
  const { vendor, architecture, description, isSoftware } = adapter;
  if (vendor || architecture || description) return `WebGPU adapter: ${adapterName(adapter)}.`;
  return `The WebGPU adapter does not say its name (${isSoftware ? 'software' : 'hardware'}).`;
}

/** Which adapter it was, and what that means for the ratio. */
export function resultSentence(adapter: AdapterDescription): string {
  const which = adapterSentence(adapter);
  if (!adapter.isSoftware) return which;
  return `${which} This is a software adapter: it computes on the CPU, so the ratio says nothing about a GPU.`;
}

/** Whether the GPU's results are what they should be. */
export function agreementSentence({ worst, what, costDrift, verified }: Agreement): string {
  const facts = `worst ${formatSmall(worst)} of the bound (${what}), test costs ${formatSmall(costDrift * 100)}\u00a0% apart`;
  return verified
    ? `Verified: ${facts}.`
    : `Not verified: ${facts}. Please report it, with the adapter’s name.`;
}

const boundNames = {
  compute: 'arithmetic',
  memory: 'memory',
  dispatch: 'what each dispatch takes beside its work',
  host: 'what each call takes on the CPU',
} as const;

/** How near the GPU came to what it can do at most. */
export function limitSentence({ bound, fraction }: Pick<Verdict, 'bound' | 'fraction'>): string {
  const share = `${(100 * fraction).toFixed(fraction < 0.01 ? 1 : 0)}\u00a0%`;
  return `It reached ${share} of this adapter’s own limit, measured just now; most of that is ${boundNames[bound]}.`;
}

/** A number that may be tiny: '0.31', '0.004', 'less than 0.001'. */
function formatSmall(value: number): string {
  if (value < 0.001) return 'less than 0.001';
  return value < 0.1 ? value.toPrecision(1) : value.toFixed(2);
}

/** How well two curves of the cost coincide, by the widest gap between them. */
export function gapSentence(gap: number): string {
  return gap < 0.0001
    ? 'The cost curves coincide: they are nowhere 0.0001 apart.'
    : `The cost curves are at most ${formatCost(gap)} apart.`;
}

/** What went wrong, for people. Errors that are not nudge's own are bugs, and said to be. */
export function errorSentence(error: unknown): string {
  if (error instanceof NudgeError) return error.message;
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return `Something went wrong that should not have: ${text.replace(/\.?$/, '.')} This is a bug in nudge; please report it.`;
}

/** '“lecture” and “modern”'; '“lecture”, “nielsen” and “modern”'. */
export function listOf(names: readonly string[]): string {
  const quoted = names.map((name) => `“${name}”`);
  return quoted.length < 2
    ? quoted.join('')
    : `${quoted.slice(0, -1).join(', ')} and ${quoted.at(-1)!}`;
}
