/** The reference implementation with its live values, and the shader beside it. Loaded when it comes into view. */
import { useComputed, useSignal, type ReadonlySignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import { Picture, type FigureBodyProps } from '../runtime/figure.tsx';
import { formatNumber } from '../runtime/numbers.tsx';
import { neuronName } from '../runtime/network.ts';
import { partOfSource } from '../runtime/source.ts';
import { ask, exampleName, frame, highlight, problem, selection } from '../session.ts';
import type { StepPart, StepShader } from '../worker/stepParts.ts';
import { codeMoment, notes, type CodeMoment, type Note } from './codeNotes.ts';

/** The files as they are in the repository. */
const sources = import.meta.glob<string>(
  [
    '../../../reference/{forward,outputDelta,hiddenDelta,weightGradient,backpropagation}.ts',
    '../../../engine/optimizers/sgd.ts',
  ],
  { query: '?raw', import: 'default', eager: true },
);

interface Listing {
  readonly id: StepPart | 'backpropagate';
  readonly title: string;
  readonly says: string;
  readonly file: string;
  readonly lines: readonly string[];
}

const partOf = (file: string, start: string): readonly string[] =>
  partOfSource(sources[`../../../${file}`]!, start);

export const listings: readonly Listing[] = [
  {
    id: 'forward',
    title: 'Forward',
    says: 'Each neuron adds its bias and its weighted inputs, and bends the sum.',
    file: 'src/reference/forward.ts',
    lines: partOf('reference/forward.ts', 'export function forward('),
  },
  {
    id: 'outputDelta',
    title: 'The wishes of the outputs',
    says: 'Each output compares what it gives with what it should give.',
    file: 'src/reference/outputDelta.ts',
    lines: [
      ...partOf('reference/outputDelta.ts', 'export function outputDelta('),
      '',
      ...partOf('reference/outputDelta.ts', 'function sampleDelta('),
    ],
  },
  {
    id: 'hiddenDelta',
    title: 'One layer back',
    says: 'A neuron adds up what the next layer wishes of it, and multiplies by its own slope.',
    file: 'src/reference/hiddenDelta.ts',
    lines: partOf('reference/hiddenDelta.ts', 'export function hiddenDelta('),
  },
  {
    id: 'weightGradient',
    title: 'From deltas to weights',
    says: 'A weight’s share is the delta after it times the activation before it, averaged over the examples.',
    file: 'src/reference/weightGradient.ts',
    lines: partOf('reference/weightGradient.ts', 'export function weightGradient('),
  },
  {
    id: 'update',
    title: 'The step',
    says: 'Every weight and bias moves against its gradient.',
    file: 'src/engine/optimizers/sgd.ts',
    lines: partOf('engine/optimizers/sgd.ts', 'update({ momentum'),
  },
  {
    id: 'backpropagate',
    title: 'All together',
    says: 'Forward once, then layer by layer back. On a GPU, the same order is a list of kernels.',
    file: 'src/reference/backpropagation.ts',
    lines: partOf('reference/backpropagation.ts', 'export function backpropagate('),
  },
];

export function Listings({ isShown }: FigureBodyProps) {
  const shader = useShader(isShown);
  const moment = useComputed(() => {
    const shown = frame.value;
    return shown && isShown.value ? codeMoment(shown, selection.value.neuron) : undefined;
  });
  const at = moment.value;
  return (
    <Picture
      label="The reference implementation with its live values, and the shader for the same step"
      point={at ? <Point at={at} shader={shader.value} /> : ''}
      table={() => ({
        head: ['File', 'Line', 'Value'],
        rows: listings.flatMap(({ id, file }) =>
          notes[id].map(({ line, value }) => [
            file,
            line,
            moment.peek() ? value(moment.peek()!).text : '',
          ]),
        ),
      })}
    >
      {listings.map((listing) => (
        <section key={listing.id} class="code-part" aria-label={listing.title}>
          <h3>{listing.title}</h3>
          <p class="small">{listing.says}</p>
          <div class="code-pair">
            <Reference listing={listing} at={at} />
            {listing.id === 'backpropagate' ? (
              <Kernels shader={shader.value} />
            ) : (
              <Shader id={listing.id} title={listing.title} shader={shader.value} />
            )}
          </div>
        </section>
      ))}
    </Picture>
  );
}

/** The shader for the run's activation and the layer of the chosen neuron. */
function useShader(isShown: ReadonlySignal<boolean>) {
  const shader = useSignal<StepShader | undefined>(undefined);
  const activation = frame.value?.script.activation;
  const layer = Math.max(1, selection.value.neuron.layer);
  const isVisible = isShown.value;
  useEffect(() => {
    if (!isVisible || activation === undefined) return;
    const stop = new AbortController();
    ask('stepShader', { activation, layer }).then(
      (value) => {
        if (!stop.signal.aborted) shader.value = value;
      },
      (error: unknown) => (problem.value = (error as Error).message),
    );
    return () => stop.abort();
  }, [activation, layer, isVisible]);
  return shader;
}

function Point({
  at,
  shader,
}: {
  readonly at: CodeMoment;
  readonly shader: StepShader | undefined;
}) {
  const { shown, layer, output, input, rate } = at;
  const neuron = { layer, index: output };
  const lineCount = listings.reduce((sum, { lines }) => sum + lines.length, 0);
  const update = notes.update[0]!.value(at);
  return (
    <>
      The values are those of {exampleName} and {neuronName(neuron)} at step{' '}
      {formatNumber(shown.step)}. A step on this example alone, at rate {String(rate)}, would move
      its weight from {neuronName({ layer: layer - 1, index: input })} to{' '}
      <strong>{formatNumber(update.value)}</strong>. That takes {lineCount} lines in TypeScript
      {shader && <>, and {formatNumber(shader.lineCount)} in WGSL</>}.
    </>
  );
}

const noteKey = (id: string, n: number): string => `code ${id} ${n}`;

/** The notes of the lines, with the number that the shader's lines have, too. */
function Reference({
  listing: { id, file, lines, title },
  at,
}: {
  readonly listing: Listing;
  readonly at: CodeMoment | undefined;
}) {
  return (
    <div class="code-side">
      <p class="code-file">{file}</p>
      <div class="code-box" tabIndex={0} role="region" aria-label={`${title}: TypeScript`}>
        {lines.map((text, n) => {
          const index = notes[id].findIndex(({ line }) => text.includes(line));
          const note = notes[id][index];
          return (
            <>
              <CodeLine key={n} text={text} mark={note && noteKey(id, index)} number={index + 1} />
              {note && at && <Value note={note} at={at} id={`${id} ${index}`} />}
            </>
          );
        })}
      </div>
    </div>
  );
}

function Value({
  note: { value, figure },
  at,
  id,
}: {
  readonly note: Note;
  readonly at: CodeMoment;
  readonly id: string;
}) {
  const { text, value: exact } = value(at);
  return (
    <div class="code-value" data-line={id} data-value={exact}>
      {text}{' '}
      <a href={`#${figure}`} onClick={(event) => goTo(event, figure)}>
        why
      </a>
    </div>
  );
}

/** The address keeps the moment, so the link only scrolls. */
function goTo(event: Event, figure: string): void {
  event.preventDefault();
  document.getElementById(figure)?.scrollIntoView();
  document.getElementById(`${figure}-title`)?.focus({ preventScroll: true });
}

function CodeLine({
  text,
  mark,
  number,
}: {
  readonly text: string;
  /** The key of its note. */
  readonly mark: string | undefined;
  readonly number: number;
}) {
  const comment = text.indexOf('//');
  const cut = comment < 0 ? text.length : comment;
  return (
    <div
      class={`code-line${mark !== undefined && highlight.value === mark ? ' is-marked' : ''}`}
      {...(mark !== undefined && {
        onPointerEnter: () => (highlight.value = mark),
        onPointerLeave: () => (highlight.value = undefined),
      })}
    >
      <span class="code-number" aria-hidden="true">
        {mark !== undefined && number}
      </span>
      <code>
        {text.slice(0, cut)}
        {comment >= 0 && <span class="code-comment">{text.slice(cut)}</span>}
      </code>
    </div>
  );
}

function Shader({
  id,
  title,
  shader,
}: {
  readonly id: StepPart;
  readonly title: string;
  readonly shader: StepShader | undefined;
}) {
  const lines = shader?.parts[id].split('\n') ?? [];
  const taken = new Set<number>();
  return (
    <div class="code-side">
      <p class="code-file">WGSL, on the GPU</p>
      <div class="code-box is-shader" tabIndex={0} role="region" aria-label={`${title}: WGSL`}>
        {lines.map((text, n) => {
          const index = notes[id].findIndex(
            ({ shader: pattern }, note) => pattern?.test(text) === true && !taken.has(note),
          );
          if (index >= 0) taken.add(index);
          const mark = index >= 0 ? noteKey(id, index) : undefined;
          return <CodeLine key={n} text={text} mark={mark} number={index + 1} />;
        })}
      </div>
    </div>
  );
}

function Kernels({ shader }: { readonly shader: StepShader | undefined }) {
  return (
    <div class="code-side">
      <p class="code-file">Kernels of one step, on the GPU</p>
      <ol class="code-kernels">
        {shader?.kernels.map(({ label, workgroups }) => (
          <li key={label}>
            <strong>{label}</strong>
            <span class="small">
              {formatNumber(workgroups)} {workgroups === 1 ? 'workgroup' : 'workgroups'}
            </span>
          </li>
        ))}
      </ol>
    </div>
  );
}
