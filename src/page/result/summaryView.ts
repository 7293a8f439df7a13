/** The part of a result that a short link carries. */
import type { ResultSummary } from '../../benchmark/result/summary.ts';
import { flagNames } from '../../benchmark/result/words.ts';
import { findWorkload } from '../../benchmark/workloads.ts';
import { backendName } from '../backendNames.ts';
import { drawThroughput } from '../charts/throughput.ts';
import { make, makeNotes, type Child } from '../elements.ts';
import { describeMoment, inOrder, scoreNotes, threadsWords, verifiedSentence } from './findings.ts';
import { arrangeScores, makeBadge, makeScore, makeVoid } from './headline.ts';
import { makeRates } from './workloadTable.ts';

export function makeSummaryHeadline(summary: ResultSummary): HTMLElement {
  const { machine, scores, workloads, verification, startedAt, version, data } = summary;
  const { gpu = 'no GPU', threads, name, system } = machine;
  const blocks = inOrder(scores).map(makeScore);
  const scored = workloads.map((one) => one.name).filter((one) => findWorkload(one)?.isScored);
  return make(
    'div.headline',
    make('p.tag', 'Summary only, from a short link: not run here'),
    make('p.small', `${gpu}; ${threadsWords(threads)}; ${name}, ${system}`),
    arrangeScores(
      blocks.length > 0 ? blocks : [makeVoid('No score', voidWords(summary))],
      scoreNotes(scores, scored),
    ),
    verification &&
      makeBadge(
        verification.isVerified,
        verification.isVerified
          ? verifiedSentence(verification.worst)
          : 'Not verified: the GPU computed wrong values.',
      ),
    makeNotes(flagWords(summary)),
    make(
      'p.small',
      `On ${data}, ${describeMoment(startedAt.toISOString())}, nudge ${version}. The full link and the JSON also have ` +
        'curves, limits, repeats and checks.',
    ),
  );
}

function voidWords({ flags }: ResultSummary): string {
  const first = flags.find(({ isVoid }) => isVoid);
  return first ? `The run is void: ${flagNames[first.kind]}.` : 'The run had no score.';
}

function flagWords({ flags, machine }: ResultSummary): string[] {
  return flags.map(({ kind, workload, backend }) => {
    const name = flagNames[kind];
    const where = [workload, backend && backendName(backend, machine.isSoftware)]
      .filter(Boolean)
      .join(', ');
    return `${name[0]!.toUpperCase()}${name.slice(1)}${where === '' ? '' : `: ${where}`}.`;
  });
}

/** The medians, as a chart and as a table. */
export function makeSummaryCards({ workloads, machine }: ResultSummary): Child[] {
  const { isSoftware } = machine;
  const groups = workloads.flatMap(({ name, series }) => {
    const known = findWorkload(name);
    if (known?.group === 'batch') return [];
    const detail = known
      ? `${known.network.layers.join('-')}, mini-batches of ${known.batchSize}`
      : '';
    return [{ name, detail, bars: series }];
  });
  const rows = workloads.map(({ name, ratio, series }) => ({
    name: make('b', name),
    ratio,
    rates: series,
  }));
  return [
    drawThroughput(groups, isSoftware),
    makeRates(rows, isSoftware, { note: '', more: [], cpuTitle: backendName('cpu') }),
  ];
}
