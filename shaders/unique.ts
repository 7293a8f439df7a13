/**
 * WGSL functions and structs from several places, each once. A module that computes a whole step needs the sigmoid
 * for its hidden layers and for its outputs, and WGSL does not let it be declared twice.
 * @param texts declarations at the start of a line each, as everything in this folder writes them
 */
export function unique(...texts: readonly string[]): string {
  const seen = new Set<string>();
  return texts
    .join('\n')
    .split(/^(?=(?:fn|struct) )/m)
    .filter((declaration) => {
      const [name] = /^(?:fn|struct) \w+/.exec(declaration) ?? [];
      if (name === undefined) return true;
      return seen.has(name) ? false : seen.add(name);
    })
    .join('');
}
