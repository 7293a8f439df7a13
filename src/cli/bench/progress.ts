/** What is shown while the benchmark runs. */
import type { BenchmarkEvent, Phase } from '../../benchmark/events.ts';
import { formatRate, backendNames } from '../../benchmark/result/words.ts';
import type { Terminal } from '../terminal.ts';
import { describeWorkload } from './describe.ts';

const phases: Readonly<Record<Phase, string>> = {
  prepare: 'preparing',
  wait: 'waiting for other programs to leave the processor alone',
  compile: 'compiling',
  verify: 'verifying',
  'warm-up': 'warming up',
  measure: 'measuring',
  evaluate: 'evaluating',
  accuracy: 'training up to an accuracy',
  probe: 'measuring the adapter',
};

/** A bar, and a line for each workload that is finished. */
export function showProgress(terminal: Terminal): {
  readonly onEvent: (event: BenchmarkEvent) => void;
  readonly stop: () => void;
} {
  const bar = terminal.bar('[{bar}] {percentage}%  {left} left  {what}{rate}', 1, {
    what: '',
    rate: '',
  });
  let done = 0;
  return {
    onEvent(event) {
      if (event.type === 'phase') {
        done = event.done;
        bar.update(done, { what: describePhase(event), rate: '' });
      } else if (event.type === 'repeat') {
        bar.update(done, { rate: `, ${formatRate(event.samplesPerSecond)} samples/s` });
      } else if (event.type === 'workload') {
        terminal.detail(describeWorkload(event.result));
      }
    },
    stop: () => bar.stop(),
  };
}

/** 'mid on GPU: measuring, round 3' */
export function describePhase({
  phase,
  workload,
  backend,
  round,
}: BenchmarkEvent & { readonly type: 'phase' }): string {
  const on = backend === undefined ? '' : ` on ${backendNames[backend]}`;
  const what = `${phases[phase]}${round === undefined ? '' : `, round ${round}`}`;
  return workload === undefined ? what : `${workload}${on}: ${what}`;
}
