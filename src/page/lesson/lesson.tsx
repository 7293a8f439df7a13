/** The lesson: a column of text with a figure for each idea, in the lecture's order. */
import { effect, signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import { nextTask } from '../nextTask.ts';
import { network } from './figures/network.tsx';
import { Transport } from './figures/transport.tsx';
import { Figure, type FigureModule } from './runtime/figure.tsx';
import { formatNumber } from './runtime/numbers.tsx';
import { earlier, frame, problem } from './session.ts';

/** The first figure lives before the others are loaded. */
const figures = signal<readonly FigureModule[]>([network]);

/** Loads the other figures once the first one has something to show, then goes to the figure in the address. */
async function showAll(): Promise<void> {
  await new Promise<void>((resolve) => {
    // It runs on; another call of `resolve` does nothing.
    effect(() => {
      if (frame.value || problem.value !== '') resolve();
    });
  });
  const { others } = await import('./figures/others.ts');
  for (const figure of others) {
    // One in each task, because all together would block the page for a tenth of a second.
    await nextTask();
    figures.value = [...figures.value, figure];
  }
  const figure = new URLSearchParams(location.hash.slice(1)).get('figure');
  await nextTask();
  if (figure !== null) {
    // At once: figures above still grow while their numbers come, and the browser then keeps what is in view.
    document.getElementById(figure)?.scrollIntoView({ behavior: 'instant' });
  }
}

/** What the worker has to say about the last command. */
function Notice() {
  const notice = frame.value?.notice;
  return (
    <div role="status" class={notice === undefined ? undefined : 'problem notice'}>
      {notice}
    </div>
  );
}

/** The way back to where the reader was before the page crashed or was loaded again. */
function Earlier() {
  const moment = earlier.value;
  if (!moment) return null;
  return (
    <p class="earlier">
      This page was at step {formatNumber(moment.step)} before it was loaded again.{' '}
      <a href={moment.address}>Go back there</a>{' '}
      <button type="button" class="plain" onClick={() => (earlier.value = undefined)}>
        Stay here
      </button>
    </p>
  );
}

export function Lesson() {
  useEffect(() => {
    void showAll();
  }, []);
  return (
    <>
      <main class={frame.value ? 'is-live' : undefined}>
        <header class="opening">
          <p class="name">
            <a href="./index.html">nudge</a>
          </p>
          <h1>Backpropagation you can touch</h1>
          <p class="lead">
            A small network is learning to read digits, here and now. Every number on this page is
            read from it. Stop it at any moment, and see what one training example wishes for, and
            why.
          </p>
        </header>
        {problem.value !== '' && (
          <p class="problem" role="alert">
            {problem.value}
          </p>
        )}
        <Notice />
        <Earlier />
        {figures.value.map((figure) => (
          <Figure key={figure.id} {...figure} />
        ))}
      </main>
      <Transport />
    </>
  );
}
