/** Shows the progress of the benchmark. */
import type { BenchmarkEvent, Phase } from '../../benchmark/events.ts';
import { backendNames, formatRate } from '../../benchmark/result/words.ts';
import type { Terminal } from '../terminal.ts';
import { describeWorkload } from './describe.ts';

const phases: Readonly<Record<Phase, string>> = {
  prepare: 'preparing',
  wait: 'waiting until other programs leave the processor idle',
  compile: 'compiling',
  verify: 'verifying',
  'warm-up': 'warming up',
  measure: 'measuring',
  evaluate: 'evaluating',
  accuracy: 'training to a target accuracy',
  probe: 'measuring the adapter',
};

/** Shows a bar, and a line for each finished workload. */
export function showProgress(terminal: Terminal): (event: BenchmarkEvent) => void {
  const words = { what: '', rate: '' };
  const bar = terminal.bar('[{bar}] {percentage}%  {left} left  {what}{rate}', 1, words);
  let done = 0;
  return (event) => {
    if (event.type === 'phase') {
      done = event.done;
      bar.update(done, { what: describePhase(event), rate: '' });
    } else if (event.type === 'repeat') {
      bar.update(done, { rate: `, ${formatRate(event.samplesPerSecond)} samples/s` });
    } else if (event.type === 'workload') {
      terminal.detail(describeWorkload(event.result));
    }
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
