/** What axe-core finds on a page. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import type { Page } from 'puppeteer';

const program = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Finding {
  readonly id: string;
  readonly nodes: readonly { readonly target: readonly unknown[] }[];
}

/** All findings, as 'rule: where'. */
export async function findProblems(page: Page): Promise<string[]> {
  // Not as an element of the page, whose policy forbids programs in text.
  await page.evaluate(program);
  const { violations } = (await page.evaluate('axe.run()')) as { violations: readonly Finding[] };
  return violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`,
  );
}
