/** What every figure has: a heading, a place in the address, the origin of its numbers, and a table for readers of text. */
import { signal, useSignal, type ReadonlySignal } from '@preact/signals';
import type { ComponentChildren, ComponentType } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

import { frame, momentAddress } from '../session.ts';
import { formatNumber } from './numbers.tsx';

export interface FigureBodyProps {
  /** Whether the figure is in view. Only then does it ask the worker for anything or move. */
  readonly isShown: ReadonlySignal<boolean>;
}

export interface FigureModule {
  /** In the address: 'network'. */
  readonly id: string;
  readonly title: string;
  /** Where numbers come from that are not those of the run. */
  readonly origin?: string;
  readonly Body: ComponentType<FigureBodyProps>;
}

/** Figures are prepared this far before they come into view. */
const margin = '200px';

/** A section of the lesson. */
export function Figure({ id, title, origin, Body }: FigureModule) {
  const isShown = useSignal(false);
  const section = useRef<HTMLElement>(null);
  useEffect(() => {
    const observer = new IntersectionObserver(
      (entries) => (isShown.value = entries.some((entry) => entry.isIntersecting)),
      { rootMargin: margin },
    );
    observer.observe(section.current!);
    return () => observer.disconnect();
  }, []);
  return (
    <section id={id} ref={section} class="figure" aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`} tabIndex={-1}>
        {title}
      </h2>
      <Body isShown={isShown} />
      <footer class="provenance">
        <Badge />
        {origin && <span>{origin}</span>}
        <CopyLink figure={id} />
      </footer>
    </section>
  );
}

/** Says where the numbers come from, and how exact they are. */
function Badge() {
  const shown = frame.value;
  if (!shown) return <span class="badge">Not computed yet</span>;
  const engine = shown.backend === 'webgpu' ? 'GPU' : 'CPU engine';
  const matches = shown.error <= 1;
  return (
    <span class={matches ? 'badge' : 'badge is-wrong'}>
      <span aria-hidden="true">{matches ? '✓ ' : '✗ '}</span>
      Read from the {engine} at step {formatNumber(shown.step)};{' '}
      {matches
        ? `matches float64 within ${formatNumber(shown.error)} of the tolerance`
        : `differs from float64 by ${formatNumber(shown.error)} times the tolerance`}
    </span>
  );
}

const copied = signal<string | undefined>(undefined);

function CopyLink({ figure }: { readonly figure: string }) {
  const copy = async () => {
    const address = momentAddress(figure);
    history.replaceState(null, '', address);
    // Without permission the address bar still holds the link.
    await navigator.clipboard.writeText(address).catch(() => undefined);
    copied.value = figure;
    setTimeout(() => (copied.value = undefined), 3000);
  };
  return (
    <button type="button" class="plain" onClick={() => void copy()}>
      <span role="status">
        {copied.value === figure ? 'Link copied' : 'Copy link to this moment'}
      </span>
    </button>
  );
}

export interface NumberTable {
  readonly head: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

interface PictureProps {
  /** What is drawn, for screen readers. */
  readonly label: string;
  /** The sentence that says the figure's point with the numbers of this moment. */
  readonly point: ComponentChildren;
  /** The numbers of the picture. Called only while the reader has the table open. */
  readonly table: () => NumberTable;
  readonly children: ComponentChildren;
}

/** A picture with its point in a sentence, and its numbers in a table. */
export function Picture({ label, point, table, children }: PictureProps) {
  const isOpen = useSignal(false);
  return (
    <figure aria-label={label} class="picture">
      {children}
      <figcaption>{point}</figcaption>
      <details onToggle={(event) => (isOpen.value = event.currentTarget.open)}>
        <summary>Numbers as a table</summary>
        {isOpen.value && <Table {...table()} label={label} />}
      </details>
    </figure>
  );
}

function Table({ head, rows, label }: NumberTable & { readonly label: string }) {
  return (
    <div class="scrolls" tabIndex={0} role="region" aria-label={`Table: ${label}`}>
      <table>
        <thead>
          <tr>
            {head.map((text) => (
              <th scope="col">{text}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(([first, ...rest]) => (
            <tr>
              <th scope="row">{cell(first!)}</th>
              {rest.map((value) => (
                <td>{cell(value)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const cell = (value: string | number): string =>
  typeof value === 'number' ? formatNumber(value) : value;
