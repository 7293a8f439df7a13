/**
 * The state that all figures share, as signals. The worker computes it; the page shows it, and sends the reader's
 * commands.
 */
import { batch, computed, effect, signal, type ReadonlySignal } from '@preact/signals';

import { TaskWorker } from '../worker/taskWorker.ts';
import { trustOwnScripts } from '../worker/trust.ts';
import { firstScript, readMoment, writeMoment } from './moment.ts';
import type { Command, Frame, HistoryPoint } from './frame.ts';
import type { LessonTasks } from './protocol.ts';
import { readSwitches, writeSwitches } from './switches.ts';

/** A weight: from input `input` to output `output` of weights `layer`, as in `rankSensitivities`. */
export interface WeightChoice {
  readonly layer: number;
  readonly output: number;
  readonly input: number;
}

/** A neuron: `layer` 0 is the image, 3 the outputs. */
export interface NeuronChoice {
  readonly layer: number;
  readonly index: number;
}

/** What the reader has selected. All figures show it. */
export interface Selection {
  /** The neuron whose wishes are shown. */
  readonly neuron: NeuronChoice;
  /** Two weights to compare; the first one can be wiggled. */
  readonly weights: readonly [WeightChoice, WeightChoice];
}

let worker: TaskWorker<LessonTasks> | undefined;

/** The moment shown; undefined until the first one arrives. */
export const frame = signal<Frame | undefined>(undefined);
/** Accuracy and cost of the run so far. */
export const history = signal<readonly HistoryPoint[]>([]);
/** A sentence, if the worker has failed. */
export const problem = signal('');
/** The neuron or number under the pointer or focus, as a key such as 'output 3'. Text and figures mark it. */
export const highlight = signal<string | undefined>(undefined);
/** The weights that are selected before the reader or a link selects others. */
export const firstWeights: Selection['weights'] = [
  { layer: 2, output: 2, input: 0 },
  { layer: 2, output: 3, input: 1 },
];
/** What the reader has selected in the figures. */
export const selection = signal<Selection>({
  neuron: { layer: 3, index: 2 },
  weights: firstWeights,
});

/** Whether the worker has a WebGPU adapter. */
export const hasGpu = signal(false);
/** Whether the run is in view. A page whose only picture of it leaves the window says so. */
export const isInView = signal(true);
/** Whether the worker was ended. The last moment stays shown. */
export const isEnded = signal(false);

/** The name of the chosen example in a sentence: 'test digit 17'. */
export const exampleName: ReadonlySignal<string> = computed(() => {
  const example = frame.value?.example;
  return example?.kind === 'drawn' ? 'your drawing' : `test digit ${example?.index ?? 0}`;
});

/** Starts the worker, and opens the run at a moment. Without a step it begins to train. */
export function open(moment: Partial<LessonTasks['open']['arguments']> = {}): void {
  worker = startWorker();
  worker
    .call(
      'open',
      { script: firstScript, ...moment },
      {
        onEvent: (event) => {
          batch(() => {
            if (event.type === 'frame') frame.value = event.frame;
            else history.value = event.history;
          });
        },
      },
    )
    .catch(fail);
}

/** Ends the worker at once, whatever it is doing. */
export function end(): void {
  isEnded.value = true;
  worker?.end();
}

const isHidden = signal(document.hidden);
document.addEventListener('visibilitychange', () => (isHidden.value = document.hidden));

/** Whether this page paused the run when it went out of view. */
let isPausedUnseen = false;

/** Pauses the run while it is out of view, since it would take time from other programs, and then resumes it. */
effect(() => {
  const isSeen = isInView.value && !isHidden.value;
  if (!isSeen && frame.value?.isPlaying === true) {
    isPausedUnseen = true;
    command({ do: 'pause' });
  } else if (isSeen && isPausedUnseen) {
    isPausedUnseen = false;
    command({ do: 'play' });
  }
});

/** A moment that this tab showed before its page crashed or was loaded again. */
interface EarlierMoment {
  readonly step: number;
  readonly address: string;
}

/** Offered to the reader of an address without a moment; undefined if there is none. */
export const earlier = signal<EarlierMoment | undefined>(undefined);

const earlierKey = 'nudge-lesson';
/** Fewer steps are made again in a second. */
const minEarlierSteps = 2000;
const keepEveryMs = 2000;

/** Keeps the moment shown, as long as the tab lives. */
function keepMoment(): void {
  const { step } = frame.peek() ?? { step: 0 };
  if (step < minEarlierSteps) return;
  const kept: EarlierMoment = { step, address: momentAddress() };
  try {
    sessionStorage.setItem(earlierKey, JSON.stringify(kept));
  } catch {
    // A browser may allow no storage.
  }
}

function readEarlier(): EarlierMoment | undefined {
  try {
    const { step, address } = JSON.parse(sessionStorage.getItem(earlierKey) ?? '') as EarlierMoment;
    const isHere = new URL(address).origin === location.origin;
    return isHere && Number.isSafeInteger(step) ? { step, address } : undefined;
  } catch {
    return undefined;
  }
}

/** Opens the lesson at the moment in the address, also when the reader enters another one. */
export function openAtAddress(): void {
  addEventListener('hashchange', () => location.reload());
  const query = new URLSearchParams(location.hash.slice(1));
  if (!query.has('step')) earlier.value = readEarlier();
  setInterval(keepMoment, keepEveryMs);
  const neuron = /^([1-3])\.(\d{1,2})$/.exec(query.get('neuron') ?? '');
  if (neuron && Number(neuron[2]) < (neuron[1] === '3' ? 10 : 16)) {
    const chosen = { layer: Number(neuron[1]), index: Number(neuron[2]) };
    selection.value = { ...selection.value, neuron: chosen };
  }
  const weights = readWeights(query.get('weights') ?? '');
  if (weights) selection.value = { ...selection.value, weights };
  readSwitches(query);
  open(readMoment(query));
}

/** Sends a command of the reader. */
export function command(given: Command): void {
  worker!.call('command', given).catch(fail);
}

/** Asks the worker for something that no frame has. */
export function ask<Name extends keyof LessonTasks>(
  task: Name,
  args: LessonTasks[Name]['arguments'],
  signal?: AbortSignal,
  onEvent?: (event: LessonTasks[Name]['event']) => void,
): Promise<LessonTasks[Name]['value']> {
  return worker!.call(task, args, { signal, ...(onEvent && { onEvent }) });
}

/** The address of this moment, at a figure if one is given. */
export function momentAddress(figure?: string): string {
  const shown = frame.peek();
  const url = new URL(location.href);
  if (!shown) return url.href;
  const query = writeMoment(shown);
  const { neuron, weights } = selection.peek();
  query.set('neuron', `${neuron.layer}.${neuron.index}`);
  const places = weights.map(({ layer, output, input }) => `${layer}.${output}.${input}`);
  query.set('weights', places.join('-'));
  writeSwitches(query);
  if (figure !== undefined) query.set('figure', figure);
  url.hash = query.toString();
  return url.href;
}

/**
 * A signal with the worker's answer to a question, asked again for every frame while `isShown`. Only one question is
 * open at a time, so that a slow answer never makes a queue.
 * @param question the arguments; undefined asks nothing. Signals read in it ask again when they change
 */
export function liveAnswer<Name extends keyof LessonTasks>(
  task: Name,
  isShown: ReadonlySignal<boolean>,
  question: () => LessonTasks[Name]['arguments'] | undefined,
): ReadonlySignal<LessonTasks[Name]['value'] | undefined> {
  const answer = signal<LessonTasks[Name]['value'] | undefined>(undefined);
  let wanted: LessonTasks[Name]['arguments'] | undefined;
  let isAsking = false;
  const askAll = async (): Promise<void> => {
    isAsking = true;
    while (wanted !== undefined) {
      const args = wanted;
      wanted = undefined;
      try {
        answer.value = await ask(task, args);
      } catch (error) {
        fail(error);
        return;
      }
    }
    isAsking = false;
  };
  effect(() => {
    if (!isShown.value || !frame.value) return;
    wanted = question();
    if (!isAsking) void askAll();
  });
  return answer;
}

/** Two weights of an address: '2.3.0-0.5.412'. */
function readWeights(text: string): Selection['weights'] | undefined {
  const numbers = /^(\d)\.(\d+)\.(\d+)-(\d)\.(\d+)\.(\d+)$/.exec(text)?.slice(1).map(Number);
  if (!numbers) return undefined;
  const [a, b] = [0, 3].map((n) => ({
    layer: numbers[n]!,
    output: numbers[n + 1]!,
    input: numbers[n + 2]!,
  })) as [WeightChoice, WeightChoice];
  return isThere(a) && isThere(b) ? [a, b] : undefined;
}

const sizes = [784, 16, 16, 10] as const;

const isThere = ({ layer, output, input }: WeightChoice): boolean =>
  layer < 3 && output < sizes[layer + 1]! && input < sizes[layer]!;

function startWorker(): TaskWorker<LessonTasks> {
  trustOwnScripts();
  const program = new Worker(new URL('./worker/main.ts', import.meta.url), {
    type: 'module',
    name: 'nudge lesson',
  });
  const started = TaskWorker.of<LessonTasks>(program, { name: 'lesson' });
  started.hasAdapter.then(
    (has) => (hasGpu.value = has),
    () => undefined,
  );
  return started;
}

function fail(error: unknown): void {
  if (isEnded.value) return;
  problem.value = `${(error as Error).message} Reload the page to start again.`;
}
