/** What one can do with a result: save it, copy it, send it as a link. What writes the formats is loaded when it is wanted. */
import type { BenchmarkResult } from '../../benchmark/result/schema.ts';
import { make, makeButton } from '../elements.ts';
import { formatCount } from '../format.ts';
import { errorSentence } from '../sentences.ts';
import { saveFile } from './saveFile.ts';

interface TextFormat {
  readonly name: string;
  readonly extension: string;
  readonly type: string;
  readonly write: (result: BenchmarkResult) => Promise<string>;
}

const textFormats: readonly TextFormat[] = [
  {
    name: 'JSON',
    extension: 'json',
    type: 'application/json',
    write: async (result) => (await import('../../benchmark/result/write.ts')).writeResult(result),
  },
  {
    name: 'CSV',
    extension: 'csv',
    type: 'text/csv',
    write: async (result) => (await import('../../benchmark/result/csv.ts')).resultCsv(result),
  },
  {
    name: 'Markdown',
    extension: 'md',
    type: 'text/markdown',
    write: async (result) =>
      (await import('../../benchmark/result/markdown.ts')).resultMarkdown(result),
  },
];

async function writeCard(result: BenchmarkResult): Promise<string> {
  return (await import('../../benchmark/result/card.ts')).resultCard(result);
}

/** The address of this page with the result in it. */
async function writeLink(result: BenchmarkResult): Promise<string> {
  const { encodeLink } = await import('../../benchmark/result/link.ts');
  const fragment = await encodeLink(result);
  return `${location.origin}${location.pathname}${fragment}`;
}

/** Buttons for all of it, and a line that says what came of the last one. */
export function makeSharePanel(result: BenchmarkResult): HTMLElement {
  const status = make('p', { class: 'small', role: 'status' });
  const byHand = make('div', {});
  const name = `nudge-${result.startedAt.slice(0, 16).replace(/[:T]/g, '-')}`;

  const button = (text: string, action: () => Promise<string>) =>
    makeButton(text, 'small-button', async () => {
      byHand.replaceChildren();
      status.textContent = '';
      try {
        status.textContent = await action();
      } catch (error) {
        status.textContent = errorSentence(error);
      }
    });

  const save = (extension: string, content: Blob): string => {
    saveFile(`${name}.${extension}`, content);
    return `Saved as ${name}.${extension}.`;
  };

  const copy = async (what: string, text: string): Promise<string> => {
    try {
      await navigator.clipboard.writeText(text);
      return `Copied the ${what}, ${formatCount(text.length)} characters.`;
    } catch {
      // Not allowed, or not there: the reader copies it by hand.
      const area = make('textarea', { readonly: '', rows: '4', 'aria-label': what });
      area.value = text;
      byHand.replaceChildren(area);
      area.select();
      return `This browser does not let the page copy. The ${what} is below, selected.`;
    }
  };

  const saves = [
    ...textFormats.map(({ name: title, extension, type, write }) =>
      button(title, async () => save(extension, new Blob([await write(result)], { type }))),
    ),
    button('Card, SVG', async () =>
      save('svg', new Blob([await writeCard(result)], { type: 'image/svg+xml' })),
    ),
    button('Card, PNG', async () => {
      const { drawPng } = await import('./picture.ts');
      return save('png', await drawPng(await writeCard(result)));
    }),
  ];
  const copies = [
    button('Link', async () => copy('link', await writeLink(result))),
    ...textFormats.map(({ name: title, write }) =>
      button(title, async () => copy(title, await write(result))),
    ),
  ];
  return make(
    'section',
    { class: 'share', 'aria-label': 'Take the result along' },
    buttonRow('Save', saves),
    buttonRow('Copy', copies),
    status,
    byHand,
  );
}

function buttonRow(title: string, buttons: readonly HTMLButtonElement[]): HTMLElement {
  return make(
    'div',
    { class: 'buttons', role: 'group', 'aria-label': title },
    make('span', { class: 'small', 'aria-hidden': 'true' }, title),
    ...buttons,
  );
}
