/** The lesson: a column of text with a figure for each idea, in the lecture's order. */
import { useEffect } from 'preact/hooks';

import { cost } from './figures/cost.tsx';
import { sensitivity } from './figures/sensitivity.tsx';
import { wiggle } from './figures/wiggle.tsx';
import { wishes } from './figures/wishes.tsx';
import { avenues } from './figures/avenues.tsx';
import { sums } from './figures/sums.tsx';
import { backwards } from './figures/backwards.tsx';
import { average } from './figures/average.tsx';
import { onlyOne } from './figures/onlyOne.tsx';
import { miniBatches } from './figures/miniBatches.tsx';
import { descent } from './figures/descent.tsx';
import { data } from './figures/data.tsx';
import { code } from './figures/code.tsx';
import { mend } from './figures/mend.tsx';
import { network } from './figures/network.tsx';
import { Transport } from './figures/transport.tsx';
import { Figure, type FigureModule } from './runtime/figure.tsx';
import { frame, problem } from './session.ts';

const figures: readonly FigureModule[] = [
  network,
  cost,
  sensitivity,
  wiggle,
  wishes,
  avenues,
  sums,
  backwards,
  average,
  onlyOne,
  miniBatches,
  descent,
  data,
  code,
  mend,
];

/** What the worker has to say about the last command. */
function Notice() {
  const notice = frame.value?.notice;
  return (
    <div role="status" class={notice === undefined ? undefined : 'problem notice'}>
      {notice}
    </div>
  );
}

export function Lesson() {
  useEffect(() => {
    const figure = new URLSearchParams(location.hash.slice(1)).get('figure');
    if (figure !== null) document.getElementById(figure)?.scrollIntoView();
  }, []);
  return (
    <>
      <main>
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
        {figures.map((figure) => (
          <Figure key={figure.id} {...figure} />
        ))}
      </main>
      <Transport />
    </>
  );
}
