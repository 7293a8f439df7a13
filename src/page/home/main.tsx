/** The front page: a network that learns, and the doors to everything else. */
import { useSignal } from '@preact/signals';
import { render } from 'preact';

import { byId } from '../elements.ts';
import { NetworkDrawing } from '../lesson/runtime/networkDrawing.tsx';
import { formatNumber, formatShare } from '../lesson/runtime/numbers.tsx';
import { command, frame, open, problem } from '../lesson/session.ts';

/** For readers who want no motion: a trained network that stands still. */
const stillStep = 1_500;
/** Time between two digits. */
const nextMs = 1_600;

// The benchmark was at this address before. Its settings and results were in the address.
if (location.search !== '' || location.hash !== '') {
  location.replace(`./benchmark.html${location.search}${location.hash}`);
} else {
  const isStill = matchMedia('(prefers-reduced-motion: reduce)').matches;
  open(isStill ? { step: stillStep } : {});
  render(<Live />, byId('live', HTMLElement));
  if (!isStill) setInterval(showNext, nextMs);
  // `npm run build` puts the library's documentation beside the page; other builds have none.
  byId('api', HTMLAnchorElement).hidden = import.meta.env.MODE !== 'site';
}

/** Another digit, while the network learns. */
function showNext(): void {
  const shown = frame.peek();
  if (shown?.isPlaying !== true || shown.example.kind !== 'test') return;
  const index = (shown.example.index + 1) % shown.test.count;
  command({ do: 'choose', example: { kind: 'test', index } });
}

function Live() {
  const isShown = useSignal(true);
  const shown = frame.value;
  if (problem.value !== '') return <p class="problem">{problem.value}</p>;
  return (
    <figure class={shown ? 'is-live' : undefined}>
      <NetworkDrawing isShown={isShown} />
      <figcaption>
        <span>
          {shown
            ? `After ${formatNumber(shown.step)} steps it reads ${formatShare(shown.test.accuracy)} of digits it has never seen.`
            : 'The first digits are being drawn.'}
        </span>
        <button
          type="button"
          class="small-button"
          disabled={!shown}
          onClick={() => command({ do: shown?.isPlaying === true ? 'pause' : 'play' })}
        >
          {shown?.isPlaying === true ? 'Pause' : 'Play'}
        </button>
        <a href={`./lesson.html#step=${shown?.step ?? 0}`}>Why did it change?</a>
      </figcaption>
    </figure>
  );
}
