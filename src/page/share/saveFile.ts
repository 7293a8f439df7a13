/** Hands a file to the browser, which saves it where downloads go. */
export function saveFile(name: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser takes the content in a task of its own.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
