/** Who may import whom: each rule gives the imports that break it, one line each. */
import { isBuiltin } from 'node:module';
import { readGlobals, readImports, type Import, type Sources } from './imports.ts';

type Rule = (sources: Sources) => readonly string[];

/** 'network' for src/network/random.ts, 'errors' for src/errors.ts, 'shaders' for shaders/forward.ts. */
function partOf(file: string): string {
  const [root, part = ''] = file.split('/');
  return root === 'src' ? part.replace(/\.ts$/, '') : root!;
}

function describe({ from, line, specifier, kind }: Import): string {
  return `${from}:${line} ${kind} '${specifier}'`;
}

/** A rule that looks at one import at a time. */
function each(breaks: (from: string, to: string | undefined, found: Import) => boolean): Rule {
  return (sources) =>
    readImports(sources)
      .filter((found) => breaks(partOf(found.from), found.to && partOf(found.to), found))
      .map(describe);
}

const engines = ['reference', 'cpu', 'gpu'];
/** What only exists where Node does; everything else runs in browsers and Deno too. */
const nodeOnly = ['node', 'cli'];
const nodeGlobals = ['Buffer', 'process', 'require', 'global', '__dirname', '__filename'];

export const rules: Readonly<Record<string, Rule>> = {
  'errors import nobody, and network nobody but errors': each(
    (from, to) =>
      (from === 'errors' && to !== from) || (from === 'network' && to !== from && to !== 'errors'),
  ),

  'shaders import nobody but network, errors and the template tag': each(
    (from, to) =>
      from === 'shaders' && to !== undefined && !['shaders', 'network', 'errors'].includes(to),
  ),

  'data and formats import each other, network and errors': each(
    (from, to) =>
      ['data', 'formats'].includes(from) &&
      to !== undefined &&
      !['data', 'formats', 'network', 'errors'].includes(to),
  ),

  'what computes knows nothing of page, command line, benchmark and Node': each(
    (from, to) =>
      [...engines, 'training', 'data', 'formats'].includes(from) &&
      to !== undefined &&
      ['page', 'cli', 'benchmark', 'node'].includes(to),
  ),

  'the library and the benchmark know nothing of page, command line and Node': each(
    (from, to) =>
      ['index', 'benchmark'].includes(from) &&
      to !== undefined &&
      ['page', ...nodeOnly].includes(to),
  ),

  'only node and cli import Node, Puppeteer, Dawn, a browser, or any package but the template tag, the page’s charts and storage, and what checks results':
    each(
      (from, to, { from: file, specifier }) =>
        to === undefined &&
        !nodeOnly.includes(from) &&
        !(from === 'page' && ['uplot', 'idb'].some((name) => isPackage(specifier, name))) &&
        !(file.startsWith('src/benchmark/result/') && isPackage(specifier, 'valibot')) &&
        (isBuiltin(specifier) || !isPackage(specifier, 'wgsl-preprocessor')),
    ),

  'nobody imports the peers that the benchmark puts nudge beside': each(
    (_, __, { specifier }) =>
      specifier.startsWith('@tensorflow/') || specifier.startsWith('@jax-js/'),
  ),

  'only node and cli name the globals of Node': (sources) =>
    readGlobals(
      new Map([...sources].filter(([file]) => !nodeOnly.includes(partOf(file)))),
      nodeGlobals,
    ),

  'only shaders/wgsl.ts imports wgsl-preprocessor': each(
    (_, __, { from, specifier }) =>
      isPackage(specifier, 'wgsl-preprocessor') && from !== 'shaders/wgsl.ts',
  ),

  'engines take types from training, and values only from batches, schedules and hostEngine': each(
    (from, to, found) =>
      engines.includes(from) &&
      to === 'training' &&
      found.kind !== 'type' &&
      !['batches', 'schedules', 'hostEngine'].includes(/(\w+)\.ts$/.exec(found.to!)![1]!),
  ),

  'every relative import names a .ts file that is there': (sources) =>
    readImports(sources)
      .filter(({ to }) => to !== undefined && !(to.endsWith('.ts') && sources.has(to)))
      // The compiler looks whether these are there.
      .filter(({ from, to }) => !(isPeerWorker(from) && to!.startsWith('bench/peers/page/')))
      .map(describe),

  'no file needs itself to be loaded first': findCycles,
};

/** Whose business the libraries are that bench/peers puts beside nudge, and nobody else's. */
function isPeerWorker(file: string): boolean {
  return file.startsWith('src/page/worker/peer');
}

function isPackage(specifier: string, name: string): boolean {
  return specifier === name || specifier.startsWith(`${name}/`);
}

/** Cycles among value imports. Types are gone by then, and `import()` waits until all is loaded. */
function findCycles(sources: Sources): readonly string[] {
  const needs = new Map<string, string[]>([...sources.keys()].map((file) => [file, []]));
  for (const { from, to, kind } of readImports(sources)) {
    if (kind === 'value' && to !== undefined) needs.get(from)!.push(to);
  }
  const cycles: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, trail: readonly string[]) => {
    const start = trail.indexOf(file);
    if (start >= 0) cycles.push([...trail.slice(start), file].join(' → '));
    if (start >= 0 || done.has(file)) return;
    for (const next of needs.get(file) ?? []) visit(next, [...trail, file]);
    done.add(file);
  };
  for (const file of needs.keys()) visit(file, []);
  return cycles;
}
