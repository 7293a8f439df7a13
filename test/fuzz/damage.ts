/** What happens to files: arbitraries of valid ones that are damaged in their bytes, or changed within the grammar of JSON. */
import fc from 'fast-check';

/** What a valid file becomes by one to four small accidents. */
export function damaged(valid: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const accident = fc.record({
    kind: fc.constantFrom('change', 'flip', 'insert', 'remove', 'cut', 'repeat'),
    at: fc.nat(2 ** 16),
    // Mostly the smallest and the largest values: counts, types, dimensions.
    byte: fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 8, 31, 127, 128, 139, 255)),
    length: fc.integer({ min: 1, max: 9 }),
  });
  return fc
    .tuple(valid, fc.array(accident, { minLength: 1, maxLength: 4 }))
    .map(([bytes, accidents]) => {
      const file = [...bytes];
      for (const { kind, at, byte, length } of accidents) {
        const place = at % (file.length + 1);
        const isInside = place < file.length;
        if (kind === 'change' && isInside) file[place] = byte;
        if (kind === 'flip' && isInside) file[place]! ^= 1 << (byte & 7);
        if (kind === 'insert') file.splice(place, 0, ...new Array<number>(length).fill(byte));
        if (kind === 'remove') file.splice(place, length);
        if (kind === 'cut') file.length = place;
        if (kind === 'repeat' && file.length < 2 ** 14) file.push(...file.slice(place));
      }
      return Uint8Array.from(file);
    });
}

/** What a text becomes by one or two accidents. */
export function damagedText(valid: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const accident = fc.record({
    at: fc.nat(2 ** 16),
    remove: fc.nat(6),
    insert: fc.oneof(
      fc.constantFrom('', '"', '\\', '{', '}', '[', ']', ',', ':', '.', '~', '=', '&', '%', '-'),
      fc.constantFrom('9'.repeat(20), '1e3', '\\ud800', '\ud800', '\u0000', '\u202e', '%00', '%f'),
      fc.string({ unit: 'binary', maxLength: 4 }),
    ),
  });
  return fc
    .tuple(valid, fc.array(accident, { minLength: 1, maxLength: 2 }))
    .map(([text, accidents]) =>
      accidents.reduce((all, { at, remove, insert }) => {
        const place = at % (all.length + 1);
        return all.slice(0, place) + insert + all.slice(place + remove);
      }, text),
    );
}

/** A value in JSON, with its key and colon if it is a member of an object. */
interface Node {
  readonly key: number;
  readonly begin: number;
  readonly end: number;
}

/** All values of a valid text, each before those that it contains. */
function nodesOf(text: string): readonly Node[] {
  const nodes: Node[] = [];
  const string = /\s*"(?:[^"\\]|\\.)*"\s*/y;
  const scalar = /\s*(?:"(?:[^"\\]|\\.)*"|[^\s,:[\]{}"]+)/y;
  let at = 0;
  const skip = () => {
    while (/\s/.test(text[at] ?? '')) at++;
  };
  const match = (pattern: RegExp) => {
    pattern.lastIndex = at;
    at += pattern.exec(text)![0].length;
  };
  const value = (keyAt?: number) => {
    skip();
    const node = { key: keyAt ?? at, begin: at, end: 0 };
    nodes.push(node);
    const close = { '[': ']', '{': '}' }[text[at]!];
    if (close === undefined) match(scalar);
    else {
      at++;
      skip();
      while (text[at] !== close) {
        if (text[at] === ',') at++;
        skip();
        const key = close === '}' ? at : undefined;
        if (key !== undefined) {
          match(string);
          at++;
        }
        value(key);
        skip();
      }
      at++;
    }
    node.end = at;
  };
  value();
  return nodes;
}

/** Values that readers tend to forget. */
const odd = [
  ...['null', 'true', 'false', '0', '-1', '-0', '0.5', '1e400', '-1e400', '1e308', '5e-324'],
  ...['9007199254740993', '4294967296', '99999999999', '1e21', '2147483648', '"1"', '""', '"NaN"'],
  ...['[]', '{}', '[[]]', '[null]', '{"length":3}', '{"toString":1}', '{"then":1,"valueOf":null}'],
  ...['{"__proto__":{"a":1}}', '"__proto__"', '"constructor"', '"toString"', '"\\ud800"'],
  ...['"\\u0000\\u202e"', '"2,3,2"', '"1,1"', `"${'x'.repeat(5000)}"`, '[0,0,0,0,0,0,0,0,0]'],
  // No JSON.
  ...['', 'NaN', '01', '+1', '.5', "'a'", 'undefined', '[1,]', '"\\x"', '"a'],
];

const keys = [
  '__proto__',
  'constructor',
  'toString',
  'length',
  '',
  '0',
  'format',
  'layers',
  'k'.repeat(5000),
  '\u202e\0',
];

type Change = (text: string, node: Node, amount: number) => string;

const keyOf = (text: string, { key, begin }: Node) => text.slice(key, begin);
const valueOf = (text: string, { begin, end }: Node) => text.slice(begin, end);

/** Each gives what stands in the place of a value and its key. */
const changes: Readonly<Record<string, Change>> = {
  odd: (text, node, amount) => keyOf(text, node) + odd[amount % odd.length]!,
  remove: () => '',
  twice: (text, node) => `${text.slice(node.key, node.end)},${text.slice(node.key, node.end)}`,
  rename: (text, node, amount) =>
    node.key === node.begin
      ? valueOf(text, node)
      : `${JSON.stringify(keys[amount % keys.length])}:${valueOf(text, node)}`,
  insert: (text, node, amount) => {
    const key = node.key === node.begin ? '' : `${JSON.stringify(keys[amount % keys.length])}:`;
    return `${key}${odd[(amount >> 3) % odd.length]!},${text.slice(node.key, node.end)}`;
  },
  number: (text, node, amount) => {
    const value = valueOf(text, node);
    const others = [`-${value}`, `${value}0`, `${value}e9`, `${value}.5`, `1${value}`, '1', '2'];
    return keyOf(text, node) + others[amount % others.length]!;
  },
  many: (text, node, amount) =>
    keyOf(text, node) + `[${`${valueOf(text, node)},`.repeat(amount % 300)}0]`,
  deep: (text, node, amount) => {
    const depth = amount % 64 === 0 ? 20_000 : amount % 40;
    return `${keyOf(text, node)}${'['.repeat(depth)}${valueOf(text, node)}${']'.repeat(depth)}`;
  },
  /** Within a text that is itself JSON, as metadata may be. */
  inner: (text, node, amount) => {
    const value = valueOf(text, node);
    if (!/^"\s*[[{]/.test(value)) return text.slice(node.key, node.end);
    const inner = JSON.parse(value) as string;
    const change = changeNames[amount % (changeNames.length - 1)]!;
    const at = Math.floor(amount / changeNames.length);
    return keyOf(text, node) + JSON.stringify(edited(inner, [{ at, change, amount: at * 7 }]));
  },
};

/** The last one, within a text, is not made within it again. */
const changeNames = Object.keys(changes);

interface Edit {
  readonly at: number;
  readonly change: string;
  readonly amount: number;
}

const known = new Map<string, readonly Node[]>();

/** From the last value to the first, so that positions hold. Of values within each other only the inner one is changed. */
function edited(text: string, edits: readonly Edit[]): string {
  let nodes = known.get(text);
  if (!nodes) known.set(text, (nodes = nodesOf(text)));
  let result = text;
  let limit = Infinity;
  const places = edits.map((edit) => ({ ...edit, node: nodes[edit.at % nodes.length]! }));
  for (const { change, amount, node } of places.sort((a, b) => b.node.key - a.node.key)) {
    if (node.end > limit) continue;
    let { key, end } = node;
    limit = key;
    const made = changes[change]!(result, node, amount);
    if (change === 'remove') {
      if (result[end] === ',') end++;
      else if (result[key - 1] === ',') key--;
    }
    result = result.slice(0, key) + made + result.slice(end);
  }
  return result;
}

/** A valid text in which values are removed, repeated, renamed, retyped, nested, or made huge. */
export function changedJson(...valid: readonly string[]): fc.Arbitrary<string> {
  const edit = fc.record<Edit>({
    at: fc.nat(2 ** 16),
    change: fc.constantFrom(...changeNames),
    amount: fc.nat(2 ** 16),
  });
  return fc
    .tuple(fc.constantFrom(...valid), fc.array(edit, { minLength: 1, maxLength: 3 }))
    .map(([text, edits]) => edited(text, edits));
}

/** Changed JSON, damaged text, and any JSON at all. */
export function hostileJson(...valid: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 8, arbitrary: changedJson(...valid) },
    { weight: 2, arbitrary: damagedText(fc.constantFrom(...valid)) },
    { weight: 1, arbitrary: fc.json({ maxDepth: 3 }) },
  );
}
