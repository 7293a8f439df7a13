/** What each source file imports, and which of Node's globals it names, read with TypeScript's own parser. */
import path from 'node:path';
import ts from 'typescript';

/** Sources by path from the repository's root, '/' between folders. */
export type Sources = ReadonlyMap<string, string>;

export interface Import {
  /** The file that imports. */
  readonly from: string;
  readonly line: number;
  /** What stands in the quotation marks; the expression where there are none. */
  readonly specifier: string;
  /** The file imported, by path from the root; a package has none. */
  readonly to?: string;
  /**
   * `type` is gone when the program runs, `dynamic` is `import()`, which loads later, and `value` is the rest.
   * `import { type A }` counts as a value: with `verbatimModuleSyntax` the file is still loaded.
   */
  readonly kind: 'type' | 'value' | 'dynamic';
}

export function readImports(sources: Sources): readonly Import[] {
  return [...sources].flatMap(([from, text]) => {
    const file = parse(from, text);
    const imports: Import[] = [];
    const add = (kind: Import['kind'], module: ts.Node) => {
      const specifier = ts.isStringLiteralLike(module) ? module.text : module.getText(file);
      const line = file.getLineAndCharacterOfPosition(module.getStart(file)).line + 1;
      const isRelative = ts.isStringLiteralLike(module) && /^\.{1,2}(\/|$)/.test(specifier);
      const to = path.posix.join(path.posix.dirname(from), specifier);
      imports.push({ from, line, specifier, kind, ...(isRelative && { to }) });
    };
    walk(file, (node) => {
      if (ts.isImportDeclaration(node)) {
        add(
          node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword ? 'type' : 'value',
          node.moduleSpecifier,
        );
      } else if (ts.isExportDeclaration(node) && node.moduleSpecifier) {
        add(node.isTypeOnly ? 'type' : 'value', node.moduleSpecifier);
      } else if (ts.isImportTypeNode(node)) {
        add('type', ts.isLiteralTypeNode(node.argument) ? node.argument.literal : node.argument);
      } else if (ts.isExternalModuleReference(node)) {
        add('value', node.expression);
      } else if (
        ts.isCallExpression(node) &&
        node.expression.kind === ts.SyntaxKind.ImportKeyword
      ) {
        add('dynamic', node.arguments[0]!);
      }
    });
    return imports;
  });
}

/** Each use, as 'file:line name', of one of these globals by a file that declares nothing of that name. */
export function readGlobals(sources: Sources, globals: readonly string[]): readonly string[] {
  return [...sources].flatMap(([from, text]) => {
    const file = parse(from, text);
    const declared = new Set<string>();
    const used: ts.Identifier[] = [];
    walk(file, (node) => {
      if (!ts.isIdentifier(node) || !globals.includes(node.text)) return;
      const { parent } = node;
      // `a.process`, `{ process: 1 }` and the like name a member; a declaration names something of the file's own.
      const isName = 'name' in parent && parent.name === node;
      if (!isName) used.push(node);
      else if (ts.isVariableDeclaration(parent) || ts.isParameter(parent)) declared.add(node.text);
      else if (ts.isFunctionDeclaration(parent) || ts.isBindingElement(parent))
        declared.add(node.text);
      else if (ts.isImportSpecifier(parent) || ts.isImportClause(parent)) declared.add(node.text);
      else if (ts.isShorthandPropertyAssignment(parent)) used.push(node);
    });
    return used
      .filter(({ text: name }) => !declared.has(name))
      .map((node) => {
        const { line } = file.getLineAndCharacterOfPosition(node.getStart(file));
        return `${from}:${line + 1} ${node.text}`;
      });
  });
}

/** By name and text: every rule reads the same sources, and parsing takes most of the time. */
const parsed = new Map<string, ts.SourceFile>();

function parse(name: string, text: string): ts.SourceFile {
  const key = `${name}\n${text}`;
  const file = parsed.get(key) ?? ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
  parsed.set(key, file);
  return file;
}

function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}
