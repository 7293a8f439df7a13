/** The bar that stays in view: plays, pauses, steps and scrubs the run. */
import { formatNumber, formatShare } from '../runtime/numbers.tsx';
import type { Command } from '../frame.ts';
import { command, frame, history } from '../session.ts';

export function Transport() {
  const shown = frame.value;
  const points = history.value;
  const end = Math.max(1, points.at(-1)?.step ?? 1, shown?.step ?? 1);
  const isPlaying = shown?.isPlaying === true;
  return (
    <section class="transport" aria-label="The run">
      <button
        type="button"
        class="play"
        disabled={!shown}
        onClick={() => command({ do: isPlaying ? 'pause' : 'play' })}
      >
        {isPlaying ? 'Pause' : 'Play'}
      </button>
      <details class="steps">
        <summary>Step</summary>
        <StepButtons />
      </details>
      <label class="scrub">
        <span class="hidden">Step of the run</span>
        <AccuracyCurve end={end} />
        <input
          type="range"
          min={0}
          max={end}
          value={shown?.step ?? 0}
          disabled={!shown}
          aria-valuetext={
            shown ? `step ${shown.step}, ${formatShare(shown.test.accuracy)} right` : ''
          }
          onInput={(event) => command({ do: 'go', step: Number(event.currentTarget.value) })}
        />
      </label>
      <output class="now">
        {shown && (
          <>
            <strong>{formatShare(shown.test.accuracy)}</strong>
            <span class="small">step {formatNumber(shown.step)}</span>
          </>
        )}
      </output>
    </section>
  );
}

/** Small parts of the run. */
function StepButtons() {
  const steps: readonly (readonly [string, Command])[] = [
    ['One example', { do: 'one' }],
    ['One mini-batch', { do: 'advance', steps: 1 }],
    ['One epoch', { do: 'advance', steps: 'epoch' }],
  ];
  return (
    <p class="buttons">
      {steps.map(([text, given]) => (
        <button type="button" class="small-button" onClick={() => command(given)}>
          {text}
        </button>
      ))}
    </p>
  );
}

/** Accuracy over the steps of the run, behind the slider. */
function AccuracyCurve({ end }: { readonly end: number }) {
  const x = (step: number) => ((100 * step) / end).toFixed(2);
  const points = history.value;
  const path = points
    .map(({ step, accuracy }) => `${x(step)},${(24 * (1 - accuracy)).toFixed(2)}`)
    .join(' ');
  return (
    <svg class="curve" viewBox="0 0 100 24" preserveAspectRatio="none" aria-hidden="true">
      <polygon points={`0,24 ${path} ${x(points.at(-1)?.step ?? 0)},24`} />
      <polyline points={path} vector-effect="non-scaling-stroke" />
    </svg>
  );
}
