/**
 * Makes mutants of WGSL: copies with one small fault each. A place is known by its function and its line without numbers,
 * so that one fault is the same in every shader that a template gives, whatever its sizes are.
 */

/** A fault that a template could have. */
export interface Mutant {
  readonly operator: Operator;
  /** 'store: let z = sum + bias; ⇒ let z = sum;': the function and the line, before and after, numbers as #. */
  readonly id: string;
  /** The shader with the fault, at every place of this id: functions of several layers come from one template. */
  readonly apply: (code: string) => string;
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** What the id shows, where `text` has numbers. */
  readonly shown?: string;
}

/** Every edit that an operator can make in a line. @param name of the function that the line is in */
type MakeEdits = (line: string, name: string) => Edit[];

/** Edits of all matches of a pattern. Its first group, if it has one, is what is replaced. */
function replaceEach(
  line: string,
  pattern: RegExp,
  replace: (found: string) => readonly (string | Pick<Edit, 'text' | 'shown'>)[],
): Edit[] {
  return [...line.matchAll(pattern)].flatMap((match) => {
    const found = match[1] ?? match[0];
    const start = match.index + match[0].indexOf(found);
    return replace(found).map((by) => ({
      ...{ start, end: start + found.length },
      ...(typeof by === 'string' ? { text: by } : by),
    }));
  });
}

const swapBy = (line: string, pattern: RegExp, pairs: Readonly<Record<string, string>>) =>
  replaceEach(line, pattern, (found) => (pairs[found] === undefined ? [] : [pairs[found]]));

/** Edits of all calls of a function, by its arguments. */
function replaceCalls(
  line: string,
  name: string,
  replace: (args: readonly string[]) => readonly string[],
): Edit[] {
  return [...line.matchAll(new RegExp(`\\b${name}\\(`, 'g'))].flatMap(
    ({ index, 0: { length } }) => {
      const args: string[] = [];
      let depth = 1;
      let end = index + length;
      for (let from = end; depth > 0 && end < line.length; end++) {
        const c = line[end]!;
        if ('([{'.includes(c)) depth++;
        if (')]}'.includes(c)) depth--;
        if (depth === 0 || (depth === 1 && c === ',')) {
          args.push(line.slice(from, end).trim());
          from = end + 1;
        }
      }
      // A call that ends on another line is left alone.
      return depth > 0 ? [] : replace(args).map((text) => ({ start: index, end, text }));
    },
  );
}

/** Names that stand for a row and a column, or for other places that are easily taken for each other. */
const partners: Readonly<Record<string, string>> = Object.fromEntries(
  [
    ['row4', 'column4'],
    ['r4', 'c4'],
    ['firstRow4', 'firstColumn4'],
    ['lane', 'workgroup'],
    ['x', 'y'],
    ['row', 'column4'],
  ].flatMap(([one = '', other = '']) => [
    [other, one],
    [one, other],
  ]),
);
const nextComponent = { x: 'y', y: 'z', z: 'w', w: 'x' };

const brackets = (text: string) => (/^[\w.[\]]+$|^\w+\([^()]*\)$/.test(text) ? text : `(${text})`);

const makers = {
  'arithmetic swap': (line) => [
    // To subtract 0 is no fault.
    ...swapBy(line, / ([-+*/%]) (?!0u?\b)/g, { '+': '-', '-': '+', '*': '/', '/': '*', '%': '/' }),
    ...swapBy(line, / ([-+|])= /g, { '+': '-', '-': '+', '|': '&' }),
    ...replaceEach(line, /[(,=] ?(-)(?=[a-z(])/g, () => ['']),
  ],
  'comparison swap': (line) => [
    ...swapBy(line, / (<=?|>=?|==|!=) /g, {
      ...{ '<': '<=', '<=': '<', '>': '>=', '>=': '>' },
      ...{ '==': '!=', '!=': '==' },
    }),
    ...swapBy(line, / (&&|\|\||&|<<|>>) /g, {
      ...{ '&&': '||', '||': '&&', '&': '|', '<<': '>>', '>>': '<<' },
    }),
    ...replaceEach(line, /\((!)(?=\w)/g, () => ['']),
  ],
  'index swap': (line) => [
    // Not where a name is declared.
    ...swapBy(line, /(?<!\b(?:let|var) |[.\w])([a-z]\w*)\b(?![(.])/g, partners),
    ...swapBy(line, /\.([xyzw])\b/g, nextComponent),
    ...replaceCalls(line, 'transpose', ([matrix = '']) => [matrix]),
  ],
  'off by one': (line) =>
    replaceEach(line, /(?<![\w.])(\d+(?:\.\d+)?(?:e[-+]?\d+)?)(?![\w.]*[xX])/g, (found) => {
      const text = (by: number) => {
        const sum = String(Number(found) + by);
        return found.includes('.') && !sum.includes('.') ? `${sum}.0` : sum;
      };
      const more = { text: text(1), shown: '(#+1)' };
      return Number(found) < 1 ? [more] : [more, { text: text(-1), shown: '(#-1)' }];
    }),
  'dropped barrier': (line) => replaceEach(line, /\w+Barrier\(\);/g, () => ['']),
  'dropped bound': (line) => [
    ...replaceCalls(line, 'if ', (args) => [
      /\{ (return|break); \}/.test(line) ? 'if (false)' : 'if (true)',
      ...(args[0]?.includes(' && ') ? args[0].split(' && ').map((one) => `if (${one})`) : []),
    ]),
    ...['min', 'max'].flatMap((name) =>
      replaceCalls(line, name, ([first = '']) => [brackets(first)]),
    ),
    ...replaceCalls(line, 'select', ([no = '', yes = '']) => [brackets(no), brackets(yes)]),
  ],
  'min and max': (line) => swapBy(line, /\b(min|max)\(/g, { min: 'max', max: 'min' }),
  'dropped bias': (line) => [
    ...replaceEach(line, /( \+ bias)/g, () => ['']),
    ...(line.includes('bias)')
      ? replaceCalls(line, 'fma', ([a = '', b = '']) => [`(${a} * ${b})`])
      : []),
    ...replaceEach(line, /mat4x4f\((vec4f\(1\.0\)), vec4f/g, () => ['vec4f()']),
  ],
  'dropped term': (line) =>
    line.includes('bias)')
      ? []
      : replaceCalls(line, 'fma', ([a = '', b = '', c = '']) => [`(${a} * ${b})`, brackets(c)]),
  'wrong slope': (line, name) => [
    ...replaceEach(line, /(sum \* slope)/g, () => ['sum', 'slope']),
    ...(name.startsWith('slope') ? replaceEach(line, /return (.+?);/g, () => ['vec4f(1.0)']) : []),
    ...(name.startsWith('activate') ? replaceEach(line, /return (.+?);/g, () => ['z']) : []),
  ],
  'forgotten mean': (line) => replaceEach(line, /( \/ f32\(batchRows\(\)\))/g, () => ['']),
  'dropped function': (line) =>
    ['abs', 'sqrt', 'orNan', 'log', 'exp'].flatMap((name) =>
      replaceCalls(line, name, ([first = '']) => [brackets(first)]),
    ),
  'dropped statement': (line) =>
    replaceEach(
      line,
      /(?:^\s*|\{ )((?!let |var |const |return|break|\w+Barrier|for |if )[a-z*][^{};]*(?: [-+|]?= [^{};]*|\))(?:;))(?= *(?:\}|$))/g,
      () => [''],
    ),
} satisfies Record<string, MakeEdits>;

export type Operator = keyof typeof makers;
export const operators = Object.keys(makers) as readonly Operator[];

interface Line {
  /** The function, without the number of its layer. */
  readonly name: string;
  /** Position in the shader, and the part that may be edited. */
  readonly start: number;
  readonly text: string;
  /** How many equal lines the function has before. */
  readonly turn: number;
}

/** Names that end in the number of their product. */
const numbered =
  /\b(tile|matmul|stage|store|loadA|loadB|rowsOfA|stepsOfA|inputs|delta|ROWS4|COLUMNS4|K4|B_AT|TILE_K4|GROUP_ROWS4|GROUP_COLUMNS4|SPLIT_K|ACROSS)\d+\b/g;

/** Without sizes and the names of layers, which differ between shaders of one template. */
const withoutNumbers = (text: string) =>
  text
    .replaceAll(/(?<=\w)(Forward|Back|Update)\d+\b/g, '')
    .replaceAll(numbered, '$1')
    .replaceAll(/(?<=_|At)\d+|(?<![\w.])\d+(\.\d+)?(e[-+]?\d+)?/g, '#');

/** Of equal lines of a function, which a template repeats, this many are enough. */
const maxTurns = 3;

/** The lines of functions, and those of constants. */
function linesOf(code: string): Line[] {
  const lines: Line[] = [];
  let name = '';
  let turns = new Map<string, number>();
  let start = 0;
  for (const whole of code.split('\n')) {
    const at = start;
    start += whole.length + 1;
    const declared = /^fn (\w+)/.exec(whole)?.[1];
    if (declared !== undefined) {
      name = withoutNumbers(declared);
      turns = new Map();
    } else if (whole.startsWith('const ')) {
      name = 'const';
      turns = new Map();
    } else if (/^\S/.test(whole) && !whole.startsWith('}')) {
      name = '';
    }
    if (name === '' || /^\s*\/\//.test(whole)) continue;
    // Of a function's first line, what follows its signature.
    const from = declared === undefined ? 0 : whole.indexOf('{') + 1;
    const text = whole.slice(from).replace(/\/\/.*$/, '');
    const key = withoutNumbers(text.trim());
    const turn = turns.get(key) ?? 0;
    turns.set(key, turn + 1);
    if (turn < maxTurns) lines.push({ name, start: at + from, text, turn });
  }
  return lines;
}

/** The edits of a shader by the ids of their mutants. */
function editsOf(code: string): Map<string, { operator: Operator; edits: Edit[] }> {
  const found = new Map<string, { operator: Operator; edits: Edit[] }>();
  for (const { name, start, text, turn } of linesOf(code)) {
    const before = withoutNumbers(text.trim());
    const here = new Set<string>();
    for (const operator of operators) {
      const make: MakeEdits = makers[operator];
      for (const edit of make(text, name)) {
        const parts = [text.slice(0, edit.start), text.slice(edit.end)].map(withoutNumbers);
        const after = `${parts[0]}${edit.shown ?? withoutNumbers(edit.text)}${parts[1]}`.trim();
        const nth = turn > 0 ? ` (${turn + 1})` : '';
        const id = `${name}: ${before} ⇒ ${after || '(nothing)'}${nth}`;
        const isSame = text.slice(edit.start, edit.end) === edit.text;
        const one = found.get(id) ?? { operator, edits: [] };
        if (isSame || here.has(id) || one.operator !== operator) continue;
        here.add(id);
        one.edits.push({ ...edit, start: start + edit.start, end: start + edit.end });
        found.set(id, one);
      }
    }
  }
  return found;
}

/** Every mutant of a shader, each id once. */
export function mutantsOf(code: string): readonly Mutant[] {
  return [...editsOf(code)].map(([id, { operator }]) => ({
    operator,
    id,
    apply: (other) => {
      let mutated = other;
      // From the end, since an edit moves what follows.
      const edits = editsOf(other).get(id)?.edits ?? [];
      for (const { start, end, text } of edits.toReversed()) {
        mutated = mutated.slice(0, start) + text + mutated.slice(end);
      }
      return mutated;
    },
  }));
}
