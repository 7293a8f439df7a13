/** Every line that computes a step, with what it computes now. */
import './code.css';
import { useSignal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect } from 'preact/hooks';

import type { FigureBodyProps, FigureModule } from '../runtime/figure.tsx';

export const code: FigureModule = { id: 'code', title: 'Every line of code', Body };

function Body({ isShown }: FigureBodyProps) {
  const listings = useSignal<{ readonly Listings: ComponentType<FigureBodyProps> } | undefined>(
    undefined,
  );
  const isVisible = isShown.value;
  useEffect(() => {
    if (!isVisible || listings.peek()) return;
    // The listings cost nothing until someone reads this far.
    void import('./codeListing.tsx').then((module) => (listings.value = module));
  }, [isVisible]);
  const Listings = listings.value?.Listings;
  return (
    <>
      <div class="prose">
        <p>
          This is all of it: the program that nudge checks its engines against, as it is in the
          repository, and under the lines that matter what they compute for the chosen example at
          this moment. <em>Why</em> leads to the figure that explains the line.
        </p>
        <p>
          With each part comes what a GPU runs for the same lines. It computes four numbers at once
          and shares the sums out among many threads, so it is longer, but lines with the same
          number do the same. Select another neuron in any figure, and the values follow.
        </p>
      </div>
      {Listings && <Listings isShown={isShown} />}
    </>
  );
}
