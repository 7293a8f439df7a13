/** Ways to break the run and to mend it, and what it gets wrong. */
import './mend.css';
import { useMemo } from 'preact/hooks';

import { Canvas } from '../runtime/canvas.tsx';
import { Picture, type FigureBodyProps, type FigureModule } from '../runtime/figure.tsx';
import { formatNumber } from '../runtime/numbers.tsx';
import { frame, liveAnswer } from '../session.ts';
import { noiseSeed } from '../switches.ts';
import type { NoiseAnswers } from '../worker/mend.ts';
import { DigitImage } from './examplePicker.tsx';
import { ChangePoint, changeTable, Tools, drawHistory } from './mendChanges.tsx';
import { Wrong } from './mendMistakes.tsx';

export const mend: FigureModule = { id: 'mend', title: 'Break it and mend it', Body };

function Body({ isShown }: FigureBodyProps) {
  return (
    <>
      <div class="prose">
        <p>
          A machine is understood when you can say what happens if a part breaks. Break this one.
          Each button changes the run at this step and lets it train on, and <em>Undo</em> takes it
          back to the step before the change, with all its numbers.
        </p>
      </div>
      <Picture
        label="Accuracy over the steps of the run, with the changes"
        point={<ChangePoint />}
        table={() => changeTable(frame.peek())}
      >
        <Tools />
        <Canvas isShown={isShown} height={() => 150} draw={drawHistory} />
      </Picture>
      <Noise isShown={isShown} />
      <Wrong isShown={isShown} />
    </>
  );
}

function Noise({ isShown }: FigureBodyProps) {
  const answers = useMemo(
    () => liveAnswer('noise', isShown, () => ({ seed: noiseSeed.value })),
    [],
  );
  const shown = answers.value;
  return (
    <>
      <div class="prose mend-next">
        <h3>An answer to everything</h3>
        <p>
          Show it noise, and it names a digit. Ten outputs can only say which digit, and no training
          example ever wished for less than an answer. So its confidence says how far the sums went,
          not how much the image looks like a digit.
        </p>
      </div>
      <Picture
        label="Images of noise with the network’s answers, the most confident first"
        point={shown ? <NoisePoint shown={shown} /> : ''}
        table={() => ({
          head: ['Image', 'Answer', 'Activation of that output'],
          rows: (answers.peek()?.shown ?? []).map(({ answer, given }, n) => [n + 1, answer, given]),
        })}
      >
        <ul class="mend-digits">
          {shown?.shown.map(({ pixels, answer, given }, n) => (
            <li key={n} class="mend-digit" data-given={given}>
              <DigitImage pixels={pixels} />
              <span>
                <strong>{answer}</strong> {given.toFixed(2)}
              </span>
            </li>
          ))}
        </ul>
        <button type="button" class="small-button mend-other" onClick={() => noiseSeed.value++}>
          Other noise
        </button>
      </Picture>
    </>
  );
}

function NoisePoint({ shown: { shown, count, confident } }: { readonly shown: NoiseAnswers }) {
  const [first] = shown;
  if (!first) return <></>;
  return (
    <>
      Of {count} images of noise, {confident} get an answer above one half. The surest is{' '}
      <strong>
        {first.answer} with {formatNumber(first.given)}
      </strong>
      .
    </>
  );
}
