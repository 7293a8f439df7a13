/** Files that come to the page, chosen or dropped anywhere on it: results by their name, everything else is data. */
import { byId } from './elements.ts';

export interface FileTakers {
  readonly onData: (files: readonly File[]) => void;
  readonly onResults: (files: readonly File[]) => void;
}

/** Whether a file is meant to be a result. */
function isResult({ name }: Pick<File, 'name'>): boolean {
  return /\.json$/i.test(name);
}

/** Listens for as long as the page is there. A page that did not take a dropped file would be left for it. */
export function takeFiles({ onData, onResults }: FileTakers): void {
  const input = byId('results', HTMLInputElement);
  input.addEventListener('change', () => {
    const files = [...(input.files ?? [])];
    // So that choosing the same files again is a change again.
    input.value = '';
    if (files.length > 0) onResults(files);
  });
  const flag = (isDragging: boolean) => document.body.classList.toggle('is-dragging', isDragging);
  addEventListener('dragover', (event) => {
    event.preventDefault();
    flag(true);
  });
  addEventListener('dragleave', (event) => {
    if (event.relatedTarget === null) flag(false);
  });
  addEventListener('drop', (event) => {
    event.preventDefault();
    flag(false);
    const files = [...(event.dataTransfer?.files ?? [])];
    const results = files.filter(isResult);
    if (results.length > 0) onResults(results);
    else onData(files);
  });
}
