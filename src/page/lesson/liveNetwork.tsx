/** A network that learns before the visitor's eyes, on the front page and on the benchmark's. */
import { effect } from '@preact/signals';
import { render } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

import { NetworkDrawing } from './runtime/networkDrawing.tsx';
import { formatNumber, formatShare } from './runtime/numbers.tsx';
import { command, end, frame, isEnded, isInView, open, problem } from './session.ts';
import type { PaceName } from './worker/pace.ts';

/** Time between two digits. */
const nextMs = 1_600;

export interface LiveNetworkOptions {
  /** For readers who want no motion: the picture stands still after these steps. */
  readonly stillStep: number;
  readonly pace?: PaceName;
  /** Height of the drawing in CSS pixels, for a width. */
  readonly heightOf?: (width: number) => number;
  /** Called if the worker fails. */
  readonly onProblem?: () => void;
}

/** Starts the training, and shows it. @returns ends the training at once; the picture stays */
export function showLiveNetwork(
  place: HTMLElement,
  { stillStep, pace = 'full', heightOf, onProblem }: LiveNetworkOptions,
): () => void {
  const isStill = matchMedia('(prefers-reduced-motion: reduce)').matches;
  open({ pace, ...(isStill && { step: stillStep }) });
  render(<LiveNetwork heightOf={heightOf} />, place);
  const next = isStill ? undefined : setInterval(showNext, nextMs);
  effect(() => {
    if (problem.value !== '') onProblem?.();
  });
  return () => {
    clearInterval(next);
    end();
  };
}

/** Another digit, while the network learns. */
function showNext(): void {
  const shown = frame.peek();
  if (shown?.isPlaying !== true || shown.example.kind !== 'test') return;
  const index = (shown.example.index + 1) % shown.test.count;
  command({ do: 'choose', example: { kind: 'test', index } });
}

interface LiveNetworkProps {
  readonly heightOf: LiveNetworkOptions['heightOf'] | undefined;
}

function LiveNetwork({ heightOf }: LiveNetworkProps) {
  const figure = useRef<HTMLElement>(null);
  useEffect(() => {
    const observer = new IntersectionObserver((entries) => {
      isInView.value = entries.at(-1)!.isIntersecting;
    });
    observer.observe(figure.current!);
    return () => observer.disconnect();
  }, []);
  const shown = frame.value;
  if (problem.value !== '') return <p class="problem">{problem.value}</p>;
  if (isEnded.value && !shown) return null;
  return (
    <figure ref={figure} class={shown ? 'picture is-live' : 'picture'}>
      <NetworkDrawing isShown={isInView} heightOf={heightOf} />
      <figcaption>
        <span>
          {shown
            ? `After ${formatNumber(shown.step)} steps it reads ${formatShare(shown.test.accuracy)} of digits it has never seen.`
            : 'The first digits are being drawn.'}
        </span>
        {isEnded.value ? (
          <span class="small">It stopped here for the measurement.</span>
        ) : (
          <>
            <PlayButton />
            <a href={`./lesson.html#step=${shown?.step ?? 0}`}>Why did it change?</a>
          </>
        )}
      </figcaption>
    </figure>
  );
}

function PlayButton() {
  const shown = frame.value;
  const isPlaying = shown?.isPlaying === true;
  return (
    <button
      type="button"
      class="small-button"
      disabled={!shown}
      onClick={() => command({ do: isPlaying ? 'pause' : 'play' })}
    >
      {isPlaying ? 'Pause' : 'Play'}
    </button>
  );
}
