/** Finding the page's elements, with their type, and an error that names the one that is missing. */

type Type<T extends Element> = abstract new () => T;

/** The element with this id. */
export function byId<T extends Element>(id: string, type: Type<T>): T {
  return checked(document.getElementById(id), type, `#${id}`);
}

/** The element inside `root` that is marked with `data-part`. */
export function part<T extends Element>(root: ParentNode, name: string, type: Type<T>): T {
  return checked(root.querySelector(`[data-part="${name}"]`), type, `data-part ${name}`);
}

function checked<T extends Element>(found: Element | null, type: Type<T>, what: string): T {
  if (found instanceof type) return found;
  throw new Error(`The page has no ${type.name} ${what}.`);
}
