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

/** A browser's `navigator.gpu`, which the example takes for granted. */
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

describe("the README's example", () => {
  it('prints what it says', async () => {
    expect(examples.length).toBe(1);
    const code = examples[0]!;
    expect(printed(code)).toMatch(/\w+/);
    expect(await run('example.mts', asInABrowser + code)).toBe(printed(code));
  });
});
