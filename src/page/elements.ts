/** Finding the page's elements, with their type, and an error that names the one that is missing; and making new ones. */

type Type<T extends Element> = abstract new () => T;

/** The element with this id. */
export function byId<T extends Element>(id: string, type: Type<T>): T {
  const found = document.getElementById(id);
  if (found instanceof type) return found;
  throw new Error(`The page has no ${type.name} #${id}.`);
}

/**
 * A new element.
 * @param attributes set as they are; `class` and `aria-label` go by these names
 * @param children text is taken as text, whatever it says
 */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** A button that does something at a click. */
export function makeButton(
  text: string,
  className: string,
  onClick: () => unknown,
): HTMLButtonElement {
  const button = make('button', { type: 'button', class: className }, text);
  button.addEventListener('click', () => void onClick());
  return button;
}

/** Gives a heading the focus, so that it is read out, and brings it into view with what follows it. */
export function goTo(heading: HTMLElement): void {
  const { top } = heading.getBoundingClientRect();
  if (top < 0 || top > innerHeight / 3) heading.scrollIntoView();
  heading.focus({ preventScroll: true });
}

export type Cell = Node | string;

/**
 * A table with a row of headings and a heading in each row. Where it is too wide it scrolls by itself, also by keyboard.
 * @param caption read out, and not shown: there is a heading above it
 */
export function makeTable(
  caption: string,
  head: readonly Cell[],
  rows: readonly (readonly Cell[])[],
): HTMLElement {
  const heading = make('tr', {}, ...head.map((text) => make('th', { scope: 'col' }, text)));
  const body = rows.map(([first = '', ...rest]) =>
    make(
      'tr',
      {},
      make('th', { scope: 'row' }, first),
      ...rest.map((text) => make('td', {}, text)),
    ),
  );
  const table = make(
    'table',
    {},
    make('caption', { class: 'hidden' }, caption),
    make('thead', {}, heading),
    make('tbody', {}, ...body),
  );
  return make(
    'div',
    { class: 'scrolls', tabindex: '0', role: 'region', 'aria-label': caption },
    table,
  );
}
