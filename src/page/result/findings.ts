/** What a result says, in English: pure functions. */
import type {
  BenchmarkResult,
  Score,
  Series,
  Verification,
  WorkloadResult,
} from '../../benchmark/result/schema.ts';
import { describeVerdict } from '../../benchmark/limit.ts';
import { adapterName } from '../../gpu/adapter.ts';
import { formatRatio, formatSmall, formatThree } from '../format.ts';
import { listOf } from '../sentences.ts';
import { isSoftware, ladderOf, ratioOf } from './lookUp.ts';

/** What a score is of. */
export function scoreTitle({ side, class: kind }: Score): string {
  switch (side) {
    case 'webgpu':
      return kind === 'software' ? 'GPU score, in software' : 'GPU score';
    case 'cpu':
      return 'CPU score';
    case 'cpu-1':
      return 'CPU score, one thread';
  }
}

/** What scores may be compared with, a sentence each. */
export function scoreNotes(scores: readonly Score[]): string[] {
  const notes: string[] = [];
  const partial = scores.find(({ isComplete }) => !isComplete);
  if (partial) {
    notes.push(
      `Of ${listOf(partial.workloads)} alone: not to be compared with scores of whole runs.`,
    );
  }
  if (scores.some(({ class: kind }) => kind === 'software')) {
    notes.push(
      'The GPU’s is of a software adapter, which computes on the CPU: a class of its own, to be compared with its like.',
    );
  }
  return notes;
}

/** From which size on the GPU is worth it. */
export function crossoverSentence(result: BenchmarkResult): string {
  const { crossover } = result;
  const gpu = isSoftware(result) ? 'WebGPU in software' : 'The GPU';
  if (!crossover) {
    if (result.environment.noAdapter !== undefined) return 'There was no GPU to compare with.';
    return 'No network was trained on both CPU and GPU.';
  }
  switch (crossover.kind) {
    case 'never':
      return `The CPU wins throughout, up to ${sizeOf(ladderOf(result).at(-1))}.`;
    case 'always':
      return `${gpu} wins throughout, from ${sizeOf(ladderOf(result)[0])} on.`;
    case 'between':
      return `${gpu} wins from about ${roundSize(crossover.parameters ?? 0)} parameters on.`;
  }
}

function sizeOf(workload: WorkloadResult | undefined): string {
  return `${roundSize(workload?.parameterCount ?? 0)} parameters`;
}

/** To two digits, and millions as such: 101_770 → '100,000', 1_863_690 → '1.9 million'. */
function roundSize(parameters: number): string {
  if (parameters >= 1e6) return `${formatRatio(parameters / 1e6)} million`;
  return new Intl.NumberFormat('en', { maximumSignificantDigits: 2 }).format(parameters);
}

/** How fast the GPU was against the CPU where it did best. */
export function speedUpSentence(result: BenchmarkResult): string {
  const gpu = isSoftware(result) ? 'WebGPU in software' : 'the GPU';
  const ratios = ladderOf(result).flatMap((workload) => {
    const ratio = ratioOf(workload, 'webgpu', 'cpu');
    return ratio ? [{ name: workload.name, ratio: ratio.middle }] : [];
  });
  if (ratios.length === 0) return '';
  const best = ratios.reduce((a, b) => (b.ratio > a.ratio ? b : a));
  const how =
    best.ratio < 1
      ? `reached ${formatThree(100 * best.ratio)}\u00a0% of the speed of all CPU threads`
      : `trained ${formatRatio(best.ratio)} times as fast as all CPU threads`;
  return `At best, on “${best.name}”, ${gpu} ${how}.`;
}

/** Whether all that the GPU computed is what it should be, and how near the bounds it came. */
export function verificationSentence({ workloads }: BenchmarkResult): {
  readonly isVerified: boolean;
  readonly text: string;
} | null {
  const checked = workloads.flatMap(({ name, verification }) =>
    verification ? [{ name, verification }] : [],
  );
  if (checked.length === 0) return null;
  const failed = checked.filter(({ verification }) => !verification.isVerified);
  if (failed.length > 0) {
    const which = failed.map(({ name, verification }) => `${name}: ${failure(verification)}`);
    return { isVerified: false, text: `Not verified. ${which.join('; ')}.` };
  }
  const worst = Math.max(...checked.map(({ verification }) => verification.worst));
  return { isVerified: true, text: `Verified, worst ${formatSmall(worst)} of the bound.` };
}

/** Which tensor, or that it was the cost. */
function failure({ tensors, costDrift, mostDrift }: Verification): string {
  const wrong = tensors.filter(({ worst }) => !(worst <= 1));
  const parts = wrong.map(
    ({ name, worst }) => `${name} reached ${formatThree(worst)} of its bound`,
  );
  if (!(costDrift <= mostDrift)) {
    parts.push(
      `the cost drifted by ${formatThree(100 * costDrift)}\u00a0%, and ${formatThree(100 * mostDrift)}\u00a0% is allowed`,
    );
  }
  return parts.join(', ');
}

/** How near a side came to the adapter's own limit, and which: '92 %, limited by the cost of dispatches'. */
export function limitWords({ limit }: Series): string {
  return limit ? describeVerdict(limit).replace(' %', '\u00a0%') : '–';
}

/** Where it ran: 'AMD …; Chromium 156 on Linux x86_64'. */
export function machineSentence({ environment }: BenchmarkResult): string {
  const { adapter, name, system, threads } = environment;
  const gpu = adapter ? `${adapterName(adapter)}; ` : 'no GPU; ';
  return `${gpu}${threads} ${threads === 1 ? 'CPU thread' : 'CPU threads'}; ${name}, ${system}`;
}

/** On what data, when, by which version. */
export function originSentence({ data, startedAt, nudge, settings }: BenchmarkResult): string {
  const commit = nudge.commit === undefined ? '' : ` (${nudge.commit.slice(0, 7)})`;
  return (
    `On ${data.name}, ${startedAt.slice(0, 16).replace('T', ' ')} UTC, nudge ${nudge.version}${commit}, ` +
    `${settings.repeats} repeats, seed ${settings.seed}.`
  );
}
