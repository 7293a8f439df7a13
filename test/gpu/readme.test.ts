import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = new URL('../../', import.meta.url);
const readme = await readFile(new URL('README.md', root), 'utf8');
const examples = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code!);

/** The addresses that the package's names stand for here, where it is not installed. */
const modules: readonly (readonly [string, URL])[] = [
  ["'nudge/node'", new URL('src/node/index.ts', root)],
  ["'nudge'", new URL('src/index.ts', root)],
];

/** A browser's `navigator.gpu`, which the first example takes for granted. */
const asInABrowser = `
import { createGpu as gpuOfABrowser } from 'nudge/node';
Object.defineProperty(globalThis, 'navigator', { value: { gpu: await gpuOfABrowser() } });
`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nudge-readme-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function run(name: string, code: string): Promise<string> {
  const file = join(folder, name);
  const resolved = modules.reduce(
    (text, [from, to]) => text.replaceAll(`from ${from}`, `from '${to.href}'`),
    code,
  );
  await writeFile(file, resolved);
  const tsx = import.meta.resolve('tsx');
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', tsx, file]);
  return stdout.trim();
}

/** What an example says below its 'prints:'. */
function printed(code: string): string {
  const [, lines] = code.split('// prints:\n');
  return lines!.trim().replaceAll(/^\/\/ /gm, '');
}

describe("the README's examples", () => {
  it('are two, and each says what it prints', () => {
    expect(examples.length).toBe(2);
    for (const code of examples) expect(printed(code)).toMatch(/\w+/);
  });

  it.each([
    ['in a browser', 0, asInABrowser],
    ['in Node', 1, ''],
  ])('print what they say, %s', async (_, index, prelude) => {
    const code = examples[index]!;
    expect(await run(`example${index}.mts`, prelude + code)).toBe(printed(code));
  });
});
