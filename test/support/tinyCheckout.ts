import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Writes files of a checkout by their paths; undefined removes one. */
export async function writeCheckout(
  checkout: string,
  files: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    const file = join(checkout, path);
    await mkdir(join(file, '..'), { recursive: true });
    if (text === undefined) await rm(file);
    else await writeFile(file, text);
  }
}

/** All that Vite needs for a page, which says the greeting. */
export function tinyCheckout(greeting: string): Readonly<Record<string, string>> {
  return {
    'vite.config.ts': 'export default {};',
    'package.json': '{}',
    'src/page/index.html': '<!doctype html><script type="module" src="main.ts"></script>',
    'src/page/main.ts': "import { greeting } from '../greeting.ts'; console.log(greeting);",
    'src/greeting.ts': `export const greeting: string = '${greeting}';`,
  };
}
