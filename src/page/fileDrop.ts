/** Takes files that are chosen, or dropped anywhere on the page: .json files are results, all others are data. */
import { byId } from './elements.ts';

export interface FileTakers {
  readonly onData: (files: readonly File[]) => void;
  readonly onResults: (files: readonly File[]) => void;
}

export function takeFiles({ onData, onResults }: FileTakers): void {
  onChosen(byId('results', HTMLInputElement), onResults);
  onChosen(byId('files', HTMLInputElement), onData);
  const mark = (isDragging: boolean) => document.body.classList.toggle('is-dragging', isDragging);
  addEventListener('dragover', (event) => {
    // Otherwise the browser would leave the page and open a dropped file.
    event.preventDefault();
    mark(true);
  });
  addEventListener('dragleave', (event) => {
    if (event.relatedTarget === null) mark(false);
  });
  addEventListener('drop', (event) => {
    event.preventDefault();
    mark(false);
    const files = [...(event.dataTransfer?.files ?? [])];
    const results = files.filter(({ name }) => /\.json$/i.test(name));
    if (results.length > 0) onResults(results);
    else onData(files);
  });
}

function onChosen(input: HTMLInputElement, take: (files: readonly File[]) => void): void {
  input.addEventListener('change', () => {
    const files = [...(input.files ?? [])];
    // Without this, choosing the same files again would not be a change.
    input.value = '';
    if (files.length > 0) take(files);
  });
}
