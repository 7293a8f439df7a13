/**
 * The lesson's figures as a reader uses them in Chromium and in Firefox: by scrolling alone, by pointer and by keyboard.
 * The numbers on the screen are held to test/page/lessonFigures/oracle.ts. Each browser has one page, which is paused for all
 * but the first test.
 */
import { afterAll, beforeEach, describe, expect, it, type TestContext } from 'vitest';

import { optionalFirefox } from '../setup/optional.ts';
import { longestTaskMs } from '../support/longTasks.ts';
import { avenues } from './lessonFigures/avenues.ts';
import { average } from './lessonFigures/average.ts';
import { backwards } from './lessonFigures/backwards.ts';
import { code } from './lessonFigures/code.ts';
import { cost } from './lessonFigures/cost.ts';
import { data } from './lessonFigures/data.ts';
import { descent } from './lessonFigures/descent.ts';
import { mend } from './lessonFigures/mend.ts';
import { miniBatches } from './lessonFigures/miniBatches.ts';
import { network } from './lessonFigures/network.ts';
import { onlyOne } from './lessonFigures/onlyOne.ts';
import { patience, Reader } from './lessonFigures/reader.ts';
import { setScene, step, type Scene } from './lessonFigures/scene.ts';
import { sensitivity } from './lessonFigures/sensitivity.ts';
import { sums } from './lessonFigures/sums.ts';
import { wiggle } from './lessonFigures/wiggle.ts';
import { wishes } from './lessonFigures/wishes.ts';
import { hostPage, type PageHost } from './openPage.ts';

/** In the lecture's order. */
const figures = {
  network,
  cost,
  sensitivity,
  wiggle,
  wishes,
  avenues,
  sums,
  backwards,
  average,
  onlyOne,
  miniBatches,
  descent,
  data,
  code,
  mend,
};

const hosts: PageHost[] = [];
const readers: Partial<Record<string, Reader>> = {};

/** The page of a browser, which is opened for its first test. */
async function readerIn(name: string, context: TestContext): Promise<Reader> {
  if (readers[name]) return readers[name];
  const host = await hostPage(name === 'Firefox' ? await optionalFirefox(context) : undefined);
  hosts.push(host);
  return (readers[name] = new Reader(await host.open('lesson.html')));
}

afterAll(async () => {
  for (const host of hosts) {
    try {
      await host.closePages();
    } finally {
      await host.close();
    }
  }
});

describe.each(['Chromium', 'Firefox'])('in %s, a reader', (name) => {
  let reader: Reader;
  let isAbsent = false;

  beforeEach(async (context) => {
    // The first test says why.
    if (isAbsent) context.skip();
    isAbsent = true;
    reader = await readerIn(name, context);
    isAbsent = false;
  });

  it('who only scrolls sees a network learn, and what every figure has to say, without a wait of 50 ms', async () => {
    const { page } = reader;
    const read = async () => {
      await page.reload();
      await page.waitForSelector('#mend');
      const ids = await page.$$eval('section.figure', (all) => all.map(({ id }) => id));
      expect(ids).toEqual(Object.keys(figures));
      for (const figure of ids) {
        await reader.scrollTo(figure);
        await reader.read(`#${figure} figcaption`, /^(?!.*being drawn).*\d/);
        await reader.read(`#${figure} .badge`, /✓ Read from the .* at step [\d,]+/);
      }
      await reader.read('.now', /(9\d|8[5-9])\.\d %/);
    };
    // Only Chromium tells how long its page's tasks take.
    if (name === 'Chromium') expect(await longestTaskMs(page, read)).toBeLessThan(50);
    else await read();
  });

  describe(`at step ${step}`, () => {
    const scene = {} as Scene;
    beforeEach(async () => {
      Object.assign(scene, await setScene(reader));
    });

    it('goes through the run by keyboard and by pointer, and sees each step with the bits that it had', async () => {
      const { now, example } = scene;
      await reader.scrollTo('cost');
      await reader.expectValue('#cost-mean', now.cost);
      await reader.expectValue('#cost-example', now.nudges(example).cost);
      const shown = await reader.text('.now strong');
      // One of 2,000 answers may be another one in float32.
      expect(Math.abs(Number.parseFloat(shown) - 100 * now.accuracy)).toBeLessThan(0.11);
      const bits = async () => [
        await reader.value('#cost-example'),
        await reader.value('#cost-mean'),
        await reader.text('.now'),
      ];
      const before = await bits();
      await reader.page.focus('.scrub input');
      await reader.press('ArrowLeft');
      await reader.read('.now', new RegExp(`step ${step - 1}`));
      await reader.press('ArrowRight');
      await expect.poll(bits, patience).toEqual(before);
      await reader.click('.scrub input', { x: 0.3 });
      await expect.poll(bits, patience).not.toEqual(before);
      await reader.press('End');
      await expect.poll(bits, patience).toEqual(before);
    });

    for (const [id, drive] of Object.entries(figures)) describe(id, () => drive(scene));
  });
});

it('a link restores the moment, with a drawing, in the other browser', async (context) => {
  const [here, there] = [await readerIn('Chromium', context), await readerIn('Firefox', context)];
  await here.goTo('step=50&changes=30.noise.1~0.5');
  await here.read('.now', /step 50$/);
  if (!(await here.page.$('.paper'))) await here.click('.picker button', { text: /Draw one/ });
  await here.drag('.paper', [
    [0.5, 0.1],
    [0.4, 0.5],
    [0.5, 0.9],
  ]);
  await here.scrollTo('cost');
  await here.read('#cost figcaption', /your drawing/);
  await here.click('#cost .provenance button');
  await there.goTo(await here.page.evaluate(() => location.hash));
  await there.read('.now', /step 50$/);
  await there.scrollTo('cost');
  await there.read('#cost figcaption', /your drawing/);
  // Another engine may round each of the 50 steps in another way.
  await there.expectValue('#cost-example', await here.value('#cost-example'), 1e-3);
});
