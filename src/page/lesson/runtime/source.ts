/** Parts of a program's text. */

/**
 * The lines from the first one that begins with `start`, after its indentation, to the one that closes it, without
 * their common indentation.
 * @throws {RangeError} when the text has no such part
 */
export function partOfSource(text: string, start: string): readonly string[] {
  const all = text.split('\n');
  const first = all.findIndex((line) => line.trimStart().startsWith(start));
  const opening = all[first];
  if (opening === undefined) throw new RangeError(`There is no line that begins with '${start}'.`);
  const indent = opening.length - opening.trimStart().length;
  const closes = (line: string) => line.length > indent && /^[})]/.test(line.slice(indent));
  // A parameter list over several lines closes and opens a block in one line: '): number {'.
  const end = all.findIndex((line, n) => n > first && closes(line) && !line.endsWith('{'));
  if (end < 0) throw new RangeError(`What begins with '${start}' does not end.`);
  return all.slice(first, end + 1).map((line) => line.slice(indent));
}

/** The declarations of a WGSL program's functions, in order. */
export function wgslFunctions(code: string): ReadonlyMap<string, string> {
  const lines = code.split('\n');
  const functions = new Map<string, string>();
  lines.forEach((line, n) => {
    const name = /^fn (\w+)/.exec(line)?.[1];
    if (name === undefined) return;
    // A short function is one line.
    const end = line.endsWith('}') ? n : lines.findIndex((other, m) => m > n && other === '}');
    functions.set(name, lines.slice(n, end + 1).join('\n'));
  });
  return functions;
}
