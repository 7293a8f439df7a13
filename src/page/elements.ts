/** Finds the page's elements with their type, and makes new ones. */

/** The element with this id. @throws {Error} if there is none of this type */
export function byId<T extends Element>(id: string, type: abstract new () => T): T {
  const found = document.getElementById(id);
  if (found instanceof type) return found;
  throw new Error(`The page has no ${type.name} #${id}.`);
}

type TagName = keyof HTMLElementTagNameMap;
type TagOf<Selector extends string> = Extract<
  Selector extends `${infer Tag}.${string}` ? Tag : Selector,
  TagName
>;
type Attributes = Readonly<Record<string, string>>;
/** undefined and false add nothing, so that a part can depend on a condition. */
export type Child = Node | string | undefined | false;

/**
 * A new element: `make('p.small', { id: 'note' }, 'text')`.
 * @param selector a tag, and classes after dots
 * @param parts attributes, and children; strings become text, never HTML
 */
export function make<Selector extends TagName | `${TagName}.${string}`>(
  selector: Selector,
  ...parts: readonly (Attributes | Child)[]
): HTMLElementTagNameMap[TagOf<Selector>] {
  const [tag = '', ...classes] = selector.split('.');
  const made = document.createElement(tag);
  if (classes.length > 0) made.className = classes.join(' ');
  for (const part of parts) {
    if (part === undefined || part === false) continue;
    if (typeof part === 'string' || part instanceof Node) made.append(part);
    else for (const [name, value] of Object.entries(part)) made.setAttribute(name, value);
  }
  return made as HTMLElementTagNameMap[TagOf<Selector>];
}

export function makeButton(text: string, onClick: () => unknown): HTMLButtonElement {
  const button = make('button.small-button', { type: 'button' }, text);
  button.addEventListener('click', () => void onClick());
  return button;
}

/** Focuses a heading, so that screen readers read it, and scrolls it into view. */
export function goTo(heading: HTMLElement): void {
  const { top } = heading.getBoundingClientRect();
  if (top < 0 || top > innerHeight / 3) heading.scrollIntoView();
  heading.focus({ preventScroll: true });
}

export type Cell = Node | string;

/**
 * A table with a heading for each column and each row. A table that is too wide scrolls by itself, also by keyboard.
 * @param caption for screen readers
 */
export function makeTable(
  caption: string,
  head: readonly Cell[],
  rows: readonly (readonly Cell[])[],
): HTMLElement {
  const body = rows.map(([first = '', ...rest]) =>
    make('tr', make('th', { scope: 'row' }, first), ...rest.map((cell) => make('td', cell))),
  );
  const heading = head.map((text) => make('th', { scope: 'col' }, text));
  return make(
    'div.scrolls',
    { tabindex: '0', role: 'region', 'aria-label': caption },
    make(
      'table',
      make('caption.hidden', caption),
      make('thead', make('tr', ...heading)),
      make('tbody', ...body),
    ),
  );
}

/** Content that the reader can unfold. */
export function makeDetails(summary: string, ...content: readonly Child[]): HTMLElement {
  return make('details.figures.small', make('summary', summary), ...content);
}

/** Sentences as a list; undefined without any. */
export function makeNotes(notes: readonly string[]): HTMLElement | undefined {
  if (notes.length === 0) return undefined;
  return make('ul.flags', { 'aria-label': 'Notes' }, ...notes.map((note) => make('li', note)));
}
