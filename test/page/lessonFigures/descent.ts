/** The costs of the three walks. */
import { expect, it } from 'vitest';

import { walks, walk } from './oracle.ts';
import { isWritten, parseNumber, relative } from './reader.ts';
import type { Scene } from './scene.ts';

export function descent(scene: Scene): void {
  it('by pointer: by steps', async () => {
    await scene.reader.scrollTo('descent');
    await scene.reader.read('#descent figcaption', /after 100 steps/);
    await scene.reader.click('#descent .descent-switch button', { text: /By steps/ });
    await scene.reader.page.waitForSelector(
      '#descent button[aria-pressed=true]::-p-text(By steps)',
    );
    const costs = await scene.reader.read(
      '#descent figcaption',
      /the costs are (\S+), (\S+) and (\S+)\.$/,
    );
    for (const [n, kind] of kinds.entries()) {
      expect(isWritten(costs[n + 1]!, (await walk(kind, 100)).cost)).toBe(true);
    }
    const [, full, mini] = await scene.reader.read(
      '#descent figure:last-of-type figcaption',
      /careful walk went (\S+) times the straight way, and the drunk one (\S+) times/,
    );
    expect(isWritten(full!, (await walk('full', 100)).detour)).toBe(true);
    expect(isWritten(mini!, (await walk('mini', 100)).detour)).toBe(true);
  });

  it('by keyboard: by seconds, and the numbers as a table', async () => {
    await scene.reader.scrollTo('descent');
    await scene.reader.page.waitForSelector('#descent [data-done=true]');
    await scene.reader.tabTo('descent', '#descent .descent-switch button', /By seconds/);
    await scene.reader.press('Enter');
    await scene.reader.tabOn('#descent summary');
    await scene.reader.press('Enter');
    await scene.reader.page.waitForSelector('#descent details[open] td');
    const rows = await scene.reader.page.$$eval('#descent details[open] tbody tr', (all) =>
      all.map((row) => [...row.cells].map(({ textContent }) => textContent)),
    );
    await scene.reader.press('Enter');
    expect(rows).toHaveLength(3);
    for (const [n, kind] of kinds.entries()) {
      const [, size, rate, , steps, first, last] = rows[n]!.map(parseNumber);
      expect([size, rate]).toEqual([walks[kind].batchSize, walks[kind].rate]);
      expect(relative(first!, (await walk(kind, 0)).cost)).toBeLessThan(0.0051);
      // In thousands of steps, float32's rounding leads to another end nearby.
      const tolerance = steps! > 1000 ? 0.1 : 0.0051;
      expect(relative(last!, (await walk(kind, steps!)).cost)).toBeLessThan(tolerance);
    }
  });

  const kinds = ['full', 'mini', 'single'] as const;
}
