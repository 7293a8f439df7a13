/** The page's colours, for what is drawn on a canvas: those have to be asked for, and drawn again when they change. */

/** By day, by night, and in the reader's own colours. */
const queries = ['(prefers-color-scheme: dark)', '(forced-colors: active)'];

/** Values that were asked for since colours last changed: asking takes the time of a layout. */
const known = new Map<string, string>();

/** Calls `redraw` whenever colours change, until the signal aborts. */
export function onColorsChange(redraw: () => void, signal?: AbortSignal): void {
  const change = () => {
    known.clear();
    redraw();
  };
  for (const query of queries) {
    matchMedia(query).addEventListener('change', change, signal && { signal });
  }
}

/**
 * The value of a custom property that is a colour, as a canvas takes it.
 * @param name without its dashes
 */
export function colorOf(name: string): string {
  const value = known.get(name) ?? askFor(name);
  known.set(name, value);
  return value;
}

function askFor(name: string): string {
  const probe = document.createElement('span');
  // The property's own value may be the name of a system colour, which a canvas takes for that of a light page.
  probe.style.color = `var(--${name})`;
  probe.style.setProperty('forced-color-adjust', 'none');
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
