/** What a short link has of a result. */
import { backends as allBackends } from '../../benchmark/result/backends.ts';
import type { ResultSummary, SummaryWorkload } from '../../benchmark/result/summary.ts';
import { formatRatio, flagNames } from '../../benchmark/result/words.ts';
import { findWorkload, type Workload } from '../../benchmark/workloads.ts';
import { make, makeTable, type Cell } from '../elements.ts';
import { formatThree } from '../format.ts';
import { backendName } from '../backendNames.ts';
import { describeMoment, scoreNotes, scoreOrder, verifiedSentence } from './findings.ts';
import { arrangeScores, makeBadge, makeNotesList, makeScore, makeVoid } from './headline.ts';
import { drawThroughput } from './throughput.ts';
import { estimateCell } from './workloadTable.ts';

/** What is read at a glance. */
export function makeSummaryHeadline(summary: ResultSummary): HTMLElement {
  const { machine, scores, workloads, verification, startedAt, version, data } = summary;
  const threads = `${machine.threads} CPU ${machine.threads === 1 ? 'thread' : 'threads'}`;
  const blocks = scoreOrder.flatMap((backend) =>
    scores.filter((score) => score.backend === backend).map((score) => makeScore(score)),
  );
  const names = workloads.map(({ name }) => name).filter((name) => findWorkload(name)?.isScored);
  return make(
    'div',
    { class: 'headline' },
    make('p', { class: 'tag' }, 'Summary only, from a short link: not run here'),
    make(
      'p',
      { class: 'small' },
      `${machine.gpu ?? 'no GPU'}; ${threads}; ${machine.name}, ${machine.system}`,
    ),
    arrangeScores(
      blocks.length > 0 ? blocks : [makeVoid('No score', voidWords(summary))],
      scoreNotes(scores, names),
    ),
    ...(verification
      ? [
          makeBadge(
            verification.isVerified,
            verification.isVerified
              ? verifiedSentence(verification.worst)
              : 'Not verified: the GPU computed wrong values.',
          ),
        ]
      : []),
    ...makeNotesList(flagWords(summary)),
    make(
      'p',
      { class: 'small' },
      `On ${data}, ${describeMoment(startedAt.toISOString())}, nudge ${version}. Curves, limits, repeats and the checks are ` +
        'in the full link or the JSON.',
    ),
  );
}

function voidWords({ flags }: ResultSummary): string {
  const first = flags.find(({ isVoid }) => isVoid);
  return first ? `The run is void: ${flagNames[first.kind]}.` : 'The run had none.';
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

/** The medians, as a picture and as a table. */
export function makeSummaryCards({ workloads, machine }: ResultSummary): HTMLElement[] {
  const { isSoftware } = machine;
  const ladder = workloads.filter(({ name }) => findWorkload(name)?.group !== 'batch');
  const picture = drawThroughput(
    ladder.map(({ name, series }) => ({ name, detail: detailOf(name), series })),
    isSoftware,
  );
  return [...(picture ? [picture] : []), makeMedians(workloads, isSoftware)];
}

function makeMedians(workloads: readonly SummaryWorkload[], isSoftware: boolean): HTMLElement {
  const backends = allBackends.filter((backend) =>
    workloads.some(({ series }) => series.some((one) => one.backend === backend)),
  );
  const hasRatio = workloads.some(({ ratio }) => ratio);
  const rows = workloads.map((workload): Cell[] => [
    make('b', {}, workload.name),
    ...(hasRatio ? [estimateCell(workload.ratio, formatRatio)] : []),
    ...backends.map((backend) =>
      estimateCell(
        workload.series.find((one) => one.backend === backend),
        formatThree,
      ),
    ),
  ]);
  return make(
    'section',
    { class: 'card wide', 'data-table': 'workloads' },
    make('h3', {}, 'Workload by workload'),
    make(
      'p',
      { class: 'small' },
      'Samples trained per second, medians with 95\u00a0% intervals below.',
    ),
    makeTable(
      'Samples trained per second by workload',
      [
        'workload',
        ...(hasRatio ? [`${backendName('webgpu', isSoftware)} over CPU`] : []),
        ...backends.map((backend) => backendName(backend, isSoftware)),
      ],
      rows,
    ),
  );
}

function detailOf(name: string): string {
  const known: Workload | undefined = findWorkload(name);
  return known ? `${known.network.layers.join('-')}, mini-batches of ${known.batchSize}` : '';
}
