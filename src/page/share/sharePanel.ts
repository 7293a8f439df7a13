/** Buttons that save, copy and link a result. Each format is loaded when it is needed. */
import type { BenchmarkResult } from '../../benchmark/result/schema.ts';
import { make, makeButton } from '../elements.ts';
import { formatCount } from '../format.ts';
import { errorSentence } from '../sentences.ts';

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

const card: TextFormat = {
  name: 'Card, SVG',
  extension: 'svg',
  type: 'image/svg+xml',
  write: async (result) => {
    const { resultCard } = await import('../../benchmark/result/card.ts');
    return resultCard(result, projectAddress(__NUDGE_HOMEPAGE__, location));
  },
};

/**
 * The address on the card: the project's homepage, or this page if other machines can open it, or ''.
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

/** The buttons, and a line that tells what the last one did. */
export function makeSharePanel(result: BenchmarkResult): HTMLElement {
  const status = make('p.small', { role: 'status' });
  const byHand = make('div');
  const fileName = `nudge-${result.startedAt.slice(0, 16).replace(/[:T]/g, '-')}`;

  const button = (text: string, action: () => Promise<string>) =>
    makeButton(text, async () => {
      byHand.replaceChildren();
      status.textContent = '';
      status.textContent = await action().catch(errorSentence);
    });

  const save = (extension: string, content: Blob) => {
    const name = `${fileName}.${extension}`;
    const url = URL.createObjectURL(content);
    make('a', { href: url, download: name }).click();
    // The browser reads the content in a later task.
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
    return `Saved as ${name}.`;
  };

  const copy = async (what: string, text: string) => {
    try {
      await navigator.clipboard.writeText(text);
      return `Copied the ${what}, ${formatCount(text.length)} characters.`;
    } catch {
      const area = make('textarea', { readonly: '', rows: '4', 'aria-label': what });
      area.value = text;
      byHand.replaceChildren(area);
      area.select();
      return `This browser does not let the page copy. The ${what} is selected below; copy it by hand.`;
    }
  };

  const copyLink = async (what: 'link' | 'short link') => {
    const { encodeLink, encodeSummary } = await import('../../benchmark/result/link.ts');
    const hash = await (what === 'link' ? encodeLink : encodeSummary)(result);
    return await copy(what, `${location.origin}${location.pathname}${hash}`);
  };

  const saves = [
    ...[...textFormats, card].map(({ name, extension, type, write }) =>
      button(name, async () => save(extension, new Blob([await write(result)], { type }))),
    ),
    button('Card, PNG', async () => {
      const { drawPng } = await import('./picture.ts');
      return save('png', await drawPng(await card.write(result)));
    }),
  ];
  const copies = [
    button('Link', () => copyLink('link')),
    button('Short link', async () => {
      const copied = await copyLink('short link');
      return `${copied} It contains the scores, the medians and the machine only.`;
    }),
    ...textFormats.map(({ name, write }) =>
      button(name, async () => copy(name, await write(result))),
    ),
  ];
  return make(
    'section.share',
    { 'aria-label': 'Save or share this result' },
    buttonRow('Save', saves),
    buttonRow('Copy', copies),
    status,
    byHand,
  );
}

function buttonRow(title: string, buttons: readonly HTMLButtonElement[]): HTMLElement {
  return make(
    'div.buttons',
    { role: 'group', 'aria-label': title },
    make('span.small', { 'aria-hidden': 'true' }, title),
    ...buttons,
  );
}
