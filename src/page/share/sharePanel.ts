/** What one can do with a result: save it, copy it, send it as a link. The formats are loaded when they are wanted. */
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
  const { resultCard } = await import('../../benchmark/result/card.ts');
  return resultCard(result, projectAddress(__NUDGE_HOMEPAGE__, location));
}

/**
 * The address on a picture: the project's, or else that of this page where others can open it; '' where they cannot.
 * @param homepage of the project; empty where it has none
 * @param page `location`
 */
export function projectAddress(
  homepage: string,
  page: Pick<Location, 'protocol' | 'hostname' | 'origin' | 'pathname'>,
): string {
  if (homepage !== '') return homepage;
  const isPublic =
    /^https?:$/.test(page.protocol) &&
    !/^(localhost|.*\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(page.hostname);
  return isPublic ? `${page.origin}${page.pathname}` : '';
}

/** The address of this page with a result in it. */
function addressWith(fragment: string): string {
  return `${location.origin}${location.pathname}${fragment}`;
}

async function writeLink(result: BenchmarkResult): Promise<string> {
  const { encodeLink } = await import('../../benchmark/result/link.ts');
  return addressWith(await encodeLink(result));
}

async function writeShortLink(result: BenchmarkResult): Promise<string> {
  const { encodeSummary } = await import('../../benchmark/result/link.ts');
  return addressWith(await encodeSummary(result));
}

/** Buttons for all of it, and a line that says what the last one did. */
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
      return `This browser does not let the page copy. The ${what} is selected below; copy it by hand.`;
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
    button('Short link', async () => {
      const copied = await copy('short link', await writeShortLink(result));
      return `${copied} It has the scores, the medians and the machine, and not the rest.`;
    }),
    ...textFormats.map(({ name: title, write }) =>
      button(title, async () => copy(title, await write(result))),
    ),
  ];
  return make(
    'section',
    { class: 'share', 'aria-label': 'Save or share this result' },
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
